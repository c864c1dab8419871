"""A version's words and parameters in a Messages request: the system's go before the caller's `system`, turns before all messages."""

from __future__ import annotations

import msgspec

from headworks.dialects.shaping import BETWEEN, EFFORT, Fields, Places, plain_turn, shaped, turns_of
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.shape import Shape, Shaped

_PLACES: Places = {
    **{name: ((name,),) for name in ("temperature", "top_p", "top_k", "max_tokens")},
    "stop": (("stop_sequences",),),
    EFFORT: (("output_config", "effort"),),
}
_SYSTEM = msgspec.json.Decoder(str | list[msgspec.Raw] | None)


def shape_message(ask: Ask, shape: Shape) -> Shaped:
    """See `Front.shape`."""
    return shaped(ask, shape, _PLACES, _put)


def _put(fields: Fields, shape: Shape) -> None:
    if shape.system:
        fields["system"] = _system(fields, shape.system)
    if shape.turns:
        fields["messages"] = [*map(plain_turn, shape.turns), *turns_of(fields, "messages")]


def _system(fields: Fields, text: str) -> object:
    try:
        own = _SYSTEM.decode(fields["system"]) if "system" in fields else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", "'system' must be a text or a list of blocks. Send one.", param="system") from None
    if isinstance(own, list):
        return [{"type": "text", "text": text}, *own]
    return f"{text}{BETWEEN}{own}" if own else text
