"""How this dialect reports what it cannot say."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from headworks.domain.message import Downgrade, JsonObject

_REASONS = {"cache_control": "left out: Gemini's servers decide for themselves what they cache"}


def unknown_fields(extra: JsonObject, path: str, known: AbstractSet[str]) -> list[Downgrade]:
    """A downgrade for each left-over field that says something and is not `known`."""
    unknown = sorted(name for name, value in extra.items() if value and name not in known)
    return [Downgrade(f"{path}.{name}", _REASONS.get(name, "left out: not known to Gemini")) for name in unknown]
