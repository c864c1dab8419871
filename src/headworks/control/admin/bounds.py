"""Bounds of parties and keys: read, replaced, and their limits and budgets one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from headworks.control.admin.bounds_check import mistakes_in_bounds
from headworks.control.admin.bounds_warnings import warnings_on
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.problems import Refusal
from headworks.control.admin.versions import refuse_stale
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.features import GOVERNED
from headworks.domain.records import Bounds, KeyRecord, Party
from headworks.ports.records import Missing

Bounded = TypeVar("Bounded", Party, KeyRecord)


class Holder(Protocol[Bounded]):
    """Where the bounded records are."""

    def found(self, act: Act) -> Awaitable[Bounded]:
        """The record that the path names."""
        ...

    def put_bounds(self, act: Act, record: Bounded, bounds: Bounds, where: str) -> Awaitable[Bounded]:
        """Keep other bounds; `where` they differ, for the audit."""
        ...

    def refuse_own(self, act: Act, record: Bounded) -> None:
        """Raise where the actor's role does not stand above it."""
        ...

    def above(self, record: Bounded) -> str:
        """The party next above it; empty for none."""
        ...


class BoundsOf(Generic[Bounded]):
    """The acts on the bounds of one kind of record."""

    def __init__(self, holder: Holder[Bounded]) -> None:
        self._holder = holder

    async def read(self, act: Act) -> Answer:
        """As they are written on this level."""
        record = await self._holder.found(act)
        return Answer(BoundsBody.of(record.bounds), record.version)

    async def replace(self, act: Act) -> Answer:
        """All of them by others."""
        body = act.asked(BoundsBody)
        record = await self.for_change(act)
        return await self.keep(act, record, body, "/")

    def rules(self, field: str, rule: type[LimitBody | BudgetBody]) -> RulesOf[Bounded]:
        """The acts on its `limits` or `budgets`, one by one."""
        return RulesOf(self, field, rule)

    async def for_change(self, act: Act) -> Bounded:
        """The record, where the actor may change what holds it back."""
        record = await self._holder.found(act)
        self._holder.refuse_own(act, record)
        refuse_stale(act, record.version)
        return record

    async def keep(self, act: Act, record: Bounded, body: BoundsBody, where: str) -> Answer:
        """Other bounds, once nothing is wrong with them; `where` they differ, for the audit."""
        bounds, warnings = await checked(act, body, self._holder.above(record))
        return await self.put(act, record, bounds, where, warnings)

    async def put(self, act: Act, record: Bounded, bounds: Bounds, where: str, warnings: Sequence[Mistake] = ()) -> Answer:
        """Other bounds, unseen."""
        kept = await self._holder.put_bounds(act, record, bounds, where)
        return Answer(BoundsBody.of(kept.bounds, warnings), kept.version)


class RulesOf(Generic[Bounded]):
    """The acts on single rules of one kind of record. `field`: where they stand among the bounds."""

    def __init__(self, bounds: BoundsOf[Bounded], field: str, rule: type[LimitBody | BudgetBody]) -> None:
        self._bounds = bounds
        self._field = field
        self._rule = rule

    async def put(self, act: Act) -> Answer:
        """One, new or changed."""
        rule, name = act.asked(self._rule), act.path["name"]
        record = await self._bounds.for_change(act)
        return await self._bounds.keep(act, record, self._with(record, {**self._rules(record), name: rule}), self._where(act))

    async def remove(self, act: Act) -> Answer:
        """One less: that is never a mistake, whatever is one among the others by now."""
        name, record = act.path["name"], await self._bounds.for_change(act)
        rules = self._rules(record)
        if name not in rules:
            raise Missing(name)
        left = {other: rule for other, rule in rules.items() if other != name}
        return await self._bounds.put(act, record, self._with(record, left).bounds(), self._where(act))

    def _rules(self, record: Bounded) -> Mapping[str, object]:
        return getattr(BoundsBody.of(record.bounds), self._field)

    def _with(self, record: Bounded, rules: Mapping[str, object]) -> BoundsBody:
        return msgspec.structs.replace(BoundsBody.of(record.bounds), **{self._field: rules})

    def _where(self, act: Act) -> str:
        return f"/{self._field}/{act.path['name']}"


def _silence(body: BoundsBody, lineage: Sequence[Party]) -> Iterator[Mistake]:
    """What the organisation does not grant, nobody below it has: neither is left to be found out by those who are refused."""
    if not lineage and body.models is None:
        detail = 'Say which models an organisation may use: names and patterns, ["*"] for all, [] for none. Left out, nobody could call.'
        yield Mistake(detail=detail, pointer="/models")
    governed = sorted(GOVERNED.intersection(body.features or ()))
    if lineage and governed and lineage[0].bounds.features is None:
        detail = f"{lineage[0].name} has to name {', '.join(governed)} among its features first: what it does not grant nobody below it has."
        yield Mistake(detail=detail, pointer="/features")


class Checked(NamedTuple):
    """Bounds with which nothing is wrong."""

    bounds: Bounds
    warnings: tuple[Mistake, ...]


async def checked(act: Act, body: BoundsBody, above: str, at: str = "") -> Checked:
    """The bounds that a body says, for something under the party `above` (empty: under none). Raises with everything wrong in them.
    `at`: the pointer to where they stand in what was sent.
    """
    lineage: Sequence[Party] = ()
    if above:
        lineage, _ = await act.office.records.lineage(above)
    names = await act.office.names()
    mistakes = _placed([*mistakes_in_bounds(body, lineage, names), *_silence(body, lineage)], at)
    if mistakes:
        raise Refusal("invalid", f"{mistakes[0].detail} ({mistakes[0].pointer})", errors=mistakes)
    return Checked(body.bounds(), tuple(_placed(warnings_on(body, lineage, names, act.now()), at)))


def _placed(found: Sequence[Mistake], at: str) -> list[Mistake]:
    return [msgspec.structs.replace(each, pointer=at + each.pointer) if each.pointer else each for each in found]
