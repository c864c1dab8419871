"""How this dialect reports what it cannot say."""

from __future__ import annotations

from headworks.dialects.unpacking import losses
from headworks.domain.message import Downgrade, JsonObject

LEFT_OUT = "left out: not expressible in OpenAI's chat language"

_REASONS = {
    "cache_control": "left out: OpenAI's servers decide for themselves what they cache",
    "citations": "left out: OpenAI's chat language cites nothing",
}
_NOTHING_LOST = frozenset(("type", "includeThoughts"))
"""Other dialects' words for what kind of thing it is, and for thoughts that are shown anyway: said in our own way."""


def lost_fields(rest: JsonObject, path: str = "") -> list[Downgrade]:
    """A downgrade for each left-over field that says something."""
    if not rest:
        return []
    kept = {name: value for name, value in rest.items() if name not in _NOTHING_LOST}
    return [Downgrade(place, _REASONS.get(place.rpartition(".")[2], LEFT_OUT)) for place in losses(kept, path)]
