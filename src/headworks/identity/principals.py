"""Key and lineage → principal: everything about a caller that does not depend on the request, worked out once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import reduce
from typing import TypeVar

import msgspec

from headworks.domain.limits import NO_RULES, Rules
from headworks.domain.principal import Principal
from headworks.domain.records import (
    NO_BOUNDS,
    Bounds,
    Narrowed,
    Party,
    PartyKind,
    TopUp,
    added,
    limit_of,
    limit_of_budget,
    narrowed,
)
from headworks.ports.records import Found

Named = TypeVar("Named")
Kept = TypeVar("Kept")

_State = tuple[str, int, int]

Lineage = tuple[Party, ...]
"""The organisation first, the owner last."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a lineage gives to every key that hangs on it. Principals share its tuples."""

    parties: tuple[str, ...]
    bounds: tuple[Bounds, ...]
    narrowed: Narrowed
    rules: Rules
    expires_at: int
    organisation: str = ""
    team: str = ""
    project: str = ""
    user: str = ""


class Compiler:
    """Makes principals. What they have in common it makes once: a hundred thousand keys of a team have the same limits."""

    def __init__(self, most: int = 2_000) -> None:
        """`most` lineages are remembered, each for as long as its parties are the same."""
        self._standings: OrderedDict[tuple[_State, ...], Standing | None] = OrderedDict()
        self._rules: OrderedDict[_State, Rules] = OrderedDict()
        self._most = most

    def principal_of(self, found: Found) -> Principal | None:
        """The key's holder; None where a party above it is disabled or gone. Whether it has expired yet is for the request to ask."""
        standing = self.standing_of(found.lineage)
        key = found.key
        if standing is None or standing.parties[-1] != key.owner:
            return None
        ends = _earliest((standing.expires_at, key.expires_at, key.revoked_at))
        own = rules_of(key.bounds, key.counted_as, f"key/{key.name}", key.top_ups)
        return principal(standing, key.id, key.name, ends, bounds=key.bounds, rules=own)

    def standing_of(self, lineage: Lineage) -> Standing | None:
        """What the parties together give; None where there are none, or one of them is disabled."""
        versions = tuple(map(_state_of, lineage))
        try:
            standing = self._standings[versions]
        except KeyError:
            standing = self._standings[versions] = self._made(lineage)
            _bound(self._standings, self._most)
        return standing

    def _made(self, lineage: Lineage) -> Standing | None:
        if not lineage or any(party.disabled for party in lineage):
            return None
        bounds = tuple(party.bounds for party in lineage)
        return Standing(
            parties=tuple(party.id for party in lineage),
            bounds=bounds,
            narrowed=narrowed(bounds),
            rules=reduce(Rules.plus, map(self._rules_of, lineage)),
            expires_at=_earliest(party.expires_at for party in lineage),
            **{_PLACES[party.kind]: party.id for party in lineage},
        )

    def _rules_of(self, party: Party) -> Rules:
        named = _state_of(party)
        if (rules := self._rules.get(named)) is None:
            rules = self._rules[named] = rules_of(party.bounds, party.id, f"{party.kind}/{party.name}", party.top_ups)
            _bound(self._rules, self._most)
        return rules


_PLACES = {
    PartyKind.ORGANISATION: "organisation",
    PartyKind.TEAM: "team",
    PartyKind.PROJECT: "project",
    PartyKind.USER: "user",
    PartyKind.SERVICE_ACCOUNT: "user",
}


def principal(
    standing: Standing, id_: str, name: str, expires_at: int, *, bounds: Bounds = NO_BOUNDS, rules: Rules = NO_RULES
) -> Principal:
    """One who stands there, narrowed further by `bounds` of its own."""
    counted = standing.rules if rules is NO_RULES else standing.rules.plus(rules)
    left = standing.narrowed if bounds == NO_BOUNDS else narrowed((*standing.bounds, bounds))
    return Principal(
        id=id_,
        name=name,
        organisation=standing.organisation,
        team=standing.team,
        project=standing.project,
        user=standing.user,
        lineage=(*standing.parties, id_),
        limits=counted.limits,
        soft_budgets=counted.soft_budgets,
        expires_at=expires_at,
        **{field: getattr(left, field) for field in Narrowed.__struct_fields__},
    )


def rules_of(bounds: Bounds, owner: str, title: str, top_ups: tuple[TopUp, ...] = ()) -> Rules:
    """The limits and budgets of one level."""
    limits = tuple(limit_of(rule, name, owner, title) for name, rule in bounds.limits.items())
    hard, soft = (
        tuple(
            limit_of_budget(rule, name, owner, title, added(top_ups, name, rule.currency) if top_ups else ())
            for name, rule in bounds.budgets.items()
            if rule.hard is wanted
        )
        for wanted in (True, False)
    )
    return Rules(limits + hard, soft) if limits or hard or soft else NO_RULES


def _state_of(party: Party) -> _State:
    """Which state of a party this is. With its time: in a database that was restored, versions are counted once more."""
    return party.id, party.version, party.updated_at


def _earliest(times: Iterable[int]) -> int:
    return min((at for at in times if at), default=0)


def _bound(remembered: OrderedDict[Named, Kept], most: int) -> None:
    if len(remembered) > most:
        remembered.popitem(last=False)
