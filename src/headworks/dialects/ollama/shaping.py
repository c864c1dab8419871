"""A version's words and parameters in a request of Ollama's: of a chat, or of one prompt with its `system`."""

from __future__ import annotations

from headworks.dialects.shaping import EFFORT, Fields, Places, before, put_messages, shaped
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.shape import Shape, Shaped

_PLACES: Places = {
    **{
        name: (("options", name),)
        for name in ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "stop")
    },
    "max_tokens": (("options", "num_predict"),),
    EFFORT: (("think",),),
}


def shape_chat(ask: Ask, shape: Shape) -> Shaped:
    """See `Front.shape`."""
    return shaped(ask, shape, _PLACES, put_messages if ask.native is None else _put)


def _put(fields: Fields, shape: Shape) -> None:
    """One prompt has a `system`, and no turns."""
    if shape.turns:
        raise Fault(
            "inexpressible",
            "This model's prompt has turns, which one 'prompt' cannot. Ask POST /api/chat instead.",
            param="prompt",
        )
    fields["system"] = before(fields, "system", shape.system)
