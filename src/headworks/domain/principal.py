"""Who is asking, and what they may have."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one principal may use. None means «no limit of ours»."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None
    budget_nanos: int | None = None
    """Spend allowed since the process began, nano-units."""


class Principal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An authenticated caller. `models` are names or globs; an empty tuple allows all. `id` is safe to log, the key is not here."""

    id: str
    name: str = ""
    team: str = ""
    models: tuple[str, ...] = ()
    limits: Limits = Limits()
    allows_all: bool = True
    features: tuple[str, ...] = ()
    """What it may use beyond the plain request: see `governed.py`."""

    def may_use(self, model: str) -> bool:
        """Whether the model's name is allowed by a name or a glob."""
        return self.allows_all or any(name_matches(pattern, model) for pattern in self.models)


def name_matches(pattern: str, name: str) -> bool:
    """Whether a name is the pattern, or fits its one star."""
    if "*" not in pattern:
        return pattern == name
    head, _, tail = pattern.partition("*")
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
