"""Who is asking, and what they may have."""

from __future__ import annotations

import msgspec

from headworks.domain.envelope import Priority
from headworks.domain.limits.limit import Limit
from headworks.domain.patterns import name_matches


class Principal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An authenticated caller. `models` are names or globs; an empty tuple allows all. `id` is safe to log, the key is not here."""

    id: str
    name: str = ""
    team: str = ""
    models: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    """Of all levels, hard budgets among them."""
    soft_budgets: tuple[Limit, ...] = ()
    """Likewise. They refuse nothing: what is spent of them is noted, and alerts follow."""
    allows_all: bool = True
    features: tuple[str, ...] = ()
    """Governed features that it may use: see `features.py`."""
    ordinary: tuple[str, ...] | None = None
    """Ordinary features that it may use; None: all."""
    organisation: str = ""
    """This and the three below are ids of parties; empty where it hangs on none."""
    project: str = ""
    user: str = ""
    """A user or a service account."""
    lineage: tuple[str, ...] = ()
    """Ids from the organisation down to the key itself."""
    levels: tuple[tuple[str, ...], ...] = ()
    """Patterns of models of every level that says something of models: one of each must match. `models` is the same of one level."""
    endpoints: tuple[str, ...] | None = None
    """Kinds of request; None: not narrowed, here and in the two below. Empty: none."""
    providers: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    policies: tuple[str, ...] = ()
    """Names of policies that apply besides those that apply to all. A name that the snapshot does not know denies."""
    guards: tuple[str, ...] = ()
    """As `policies`."""
    tags: dict[str, str] = {}
    priority: Priority = Priority.DEFAULT
    """The highest class that its requests have where they wait for a model."""
    share: float = 1.0
    """Of a model that tenants of one class wait for, where that of most is 1."""
    expires_at: int = 0
    """From then on it is nobody, wall-clock nanoseconds; 0: never. The least of the key's, its revocation's and all parties' above."""

    @property
    def tenant(self) -> str:
        """Whose ids and stored answers are whose: the organisation's, and of a caller that hangs on none its own."""
        return self.organisation or f"key:{self.id}"

    @property
    def named(self) -> list[str]:
        """Names and patterns of models that its levels tell and that all of them allow."""
        patterns = dict.fromkeys(pattern for level in (self.models, *self.levels) for pattern in level)
        return [pattern for pattern in patterns if self.may_use(pattern)]

    def may_ask(self, asked: str, name: str) -> bool:
        """Whether a model may be had by the name it was asked by, or by its own. All levels have to allow the same one of the two."""
        return self.may_use(asked) or (name != asked and self.may_use(name))

    def may_use(self, model: str) -> bool:
        """Whether the model's name is allowed by a name or a glob, on every level."""
        if not self.allows_all and not any(name_matches(pattern, model) for pattern in self.models):
            return False
        return all(any(name_matches(pattern, model) for pattern in level) for level in self.levels)
