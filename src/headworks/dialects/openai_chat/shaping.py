"""A version's words and parameters in a Chat Completions request, or in one of Completions."""

from __future__ import annotations

from headworks.dialects.shaping import EFFORT, Places, put_messages, shaped
from headworks.domain.call import Ask
from headworks.domain.shape import Shape, Shaped

PLACES: Places = {
    **{
        name: ((name,),)
        for name in ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "stop", EFFORT)
    },
    "max_tokens": (("max_completion_tokens",), ("max_tokens",)),
}
OF_COMPLETIONS: Places = {**{name: place for name, place in PLACES.items() if name != EFFORT}, "max_tokens": (("max_tokens",),)}


def shape_chat(ask: Ask, shape: Shape) -> Shaped:
    """See `Front.shape`."""
    return shaped(ask, shape, PLACES, put_messages)


def shape_completion(ask: Ask, shape: Shape) -> Shaped:
    """The same of a text that is to be completed: there are no turns to put words before."""
    return shaped(ask, shape, OF_COMPLETIONS, put_messages)
