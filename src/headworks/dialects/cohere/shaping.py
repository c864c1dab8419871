"""A version's words and parameters in a request of Cohere's chat."""

from __future__ import annotations

from headworks.dialects.shaping import Places, put_messages, shaped
from headworks.domain.call import Ask
from headworks.domain.shape import Shape, Shaped

_PLACES: Places = {
    **{name: ((name,),) for name in ("temperature", "seed", "frequency_penalty", "presence_penalty", "max_tokens")},
    "top_p": (("p",),),
    "top_k": (("k",),),
    "stop": (("stop_sequences",),),
}


def shape_chat(ask: Ask, shape: Shape) -> Shaped:
    """See `Front.shape`."""
    return shaped(ask, shape, _PLACES, put_messages)
