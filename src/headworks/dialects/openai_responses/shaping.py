"""A version's words and parameters in a Responses request: what the system says goes before `instructions`, turns before all items."""

from __future__ import annotations

from headworks.dialects.shaping import EFFORT, Fields, Places, before, plain_turn, shaped, turns_of
from headworks.domain.call import Ask
from headworks.domain.shape import Shape, Shaped

_PLACES: Places = {
    "temperature": (("temperature",),),
    "top_p": (("top_p",),),
    "max_tokens": (("max_output_tokens",),),
    EFFORT: (("reasoning", "effort"),),
}


def shape_response(ask: Ask, shape: Shape) -> Shaped:
    """See `Front.shape`."""
    return shaped(ask, shape, _PLACES, _put)


def _put(fields: Fields, shape: Shape) -> None:
    if shape.system:
        fields["instructions"] = before(fields, "instructions", shape.system)
    if shape.turns:
        fields["input"] = [*map(plain_turn, shape.turns), *_items(fields)]


def _items(fields: Fields) -> list[object]:
    raw = bytes(fields.get("input", b"[]"))
    return [{"role": "user", "content": fields["input"]}] if raw.startswith(b'"') else [*turns_of(fields, "input")]
