"""Which requests a limit or a budget is about, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Scoped(Protocol):
    """A limit or a budget, as it is written or as a request meets it."""

    @property
    def models(self) -> tuple[str, ...] | None:
        """None or empty: all."""
        ...

    @property
    def group_by(self) -> tuple[str, ...]:
        """Facts."""
        ...

    @property
    def where(self) -> Mapping[str, tuple[str, ...]]:
        """Values by fact."""
        ...

    @property
    def unless(self) -> Mapping[str, tuple[str, ...]]:
        """Likewise."""
        ...


def scope(rule: Scoped) -> str:
    """` of opus for each customer`; empty where it is one figure for all requests."""
    models = f" of {' '.join(rule.models)}" if rule.models else ""
    groups = f" for each {' and '.join(rule.group_by)}" if rule.group_by else ""
    return models + groups + _values("where", rule.where, "and") + _values("unless", rule.unless, "or")


def _values(word: str, narrowed: Mapping[str, tuple[str, ...]], joint: str) -> str:
    said = f" {joint} ".join(f"{fact} is {' or '.join(values)}" for fact, values in narrowed.items())
    return f" {word} {said}" if said else ""
