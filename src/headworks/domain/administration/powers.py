"""What one administrator may do where: the sum of the roles granted, as pure sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from headworks.domain.administration.people import RoleGrant
from headworks.domain.administration.roles import ROLES, Scope

EVERYTHING = "*"
"""In the place of a party: the whole installation."""


class Power(msgspec.Struct, frozen=True):
    """Scopes that are held on a party and below it."""

    party: str
    scopes: frozenset[Scope]


class Powers(msgspec.Struct, frozen=True):
    """All that somebody holds. Roles add up; nothing is taken away by another role."""

    held: tuple[Power, ...] = ()

    @classmethod
    def of(cls, grants: Iterable[RoleGrant], now: int) -> Powers:
        """What these roles come to at this time, wall-clock nanoseconds."""
        lasting = (grant for grant in grants if not grant.ends_at or now < grant.ends_at)
        return cls(tuple(Power(grant.party, ROLES[grant.role]) for grant in lasting))

    def reach(self, scope: Scope) -> tuple[str, ...]:
        """The parties on which the scope is held; `("*",)` for all there are, empty for nowhere."""
        parties = {power.party for power in self.held if scope in power.scopes}
        return (EVERYTHING,) if EVERYTHING in parties else tuple(sorted(parties))

    def scopes_at(self, lineage: Collection[str]) -> frozenset[Scope]:
        """What is held on a party, which is given by the ids from its organisation down to it; none of them: the whole installation."""
        here = (power.scopes for power in self.held if power.party == EVERYTHING or power.party in lineage)
        return frozenset[Scope]().union(*here)

    def anywhere(self) -> frozenset[Scope]:
        """All that is held, wherever that is."""
        return frozenset[Scope]().union(*(power.scopes for power in self.held))

    def cover(self, scopes: Collection[Scope], lineage: Collection[str]) -> bool:
        """Whether all of these are held there: nobody hands on, or takes from others, what they do not hold."""
        return self.scopes_at(lineage).issuperset(scopes)

    def narrowed(self, scopes: Sequence[Scope] | None, lineage: Sequence[str]) -> Powers:
        """What a token leaves of them: these scopes (None: all), and, with a lineage, on its last party alone."""
        kept = frozenset(Scope if scopes is None else scopes)
        if lineage:
            return Powers((Power(lineage[-1], self.scopes_at(lineage) & kept),))
        return Powers(tuple(Power(power.party, power.scopes & kept) for power in self.held))
