"""Bounds of parties and keys: read, replaced, and their limits and budgets one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from headworks.control.admin.bounds_check import mistakes_in
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
        record = await self._for_change(act)
        return await self._keep(act, record, body, "/")

    async def put_limit(self, act: Act) -> Answer:
        """One limit, new or changed."""
        rule = act.asked(LimitBody)
        record = await self._for_change(act)
        bounds = BoundsBody.of(record.bounds)
        changed = msgspec.structs.replace(bounds, limits={**bounds.limits, act.path["name"]: rule})
        return await self._keep(act, record, changed, f"/limits/{act.path['name']}")

    async def remove_limit(self, act: Act) -> Answer:
        """One limit less."""
        record = await self._for_change(act)
        bounds = BoundsBody.of(record.bounds)
        if act.path["name"] not in bounds.limits:
            raise Missing(act.path["name"])
        left = {name: rule for name, rule in bounds.limits.items() if name != act.path["name"]}
        return await self._keep(act, record, msgspec.structs.replace(bounds, limits=left), f"/limits/{act.path['name']}")

    async def put_budget(self, act: Act) -> Answer:
        """One budget, new or changed."""
        rule = act.asked(BudgetBody)
        record = await self._for_change(act)
        bounds = BoundsBody.of(record.bounds)
        changed = msgspec.structs.replace(bounds, budgets={**bounds.budgets, act.path["name"]: rule})
        return await self._keep(act, record, changed, f"/budgets/{act.path['name']}")

    async def remove_budget(self, act: Act) -> Answer:
        """One budget less."""
        record = await self._for_change(act)
        bounds = BoundsBody.of(record.bounds)
        if act.path["name"] not in bounds.budgets:
            raise Missing(act.path["name"])
        left = {name: rule for name, rule in bounds.budgets.items() if name != act.path["name"]}
        return await self._keep(act, record, msgspec.structs.replace(bounds, budgets=left), f"/budgets/{act.path['name']}")

    async def _for_change(self, act: Act) -> Bounded:
        record = await self._holder.found(act)
        self._holder.refuse_own(act, record)
        refuse_stale(act, record.version)
        return record

    async def _keep(self, act: Act, record: Bounded, body: BoundsBody, where: str) -> Answer:
        bounds = await checked(act, body, self._holder.above(record))
        kept = await self._holder.put_bounds(act, record, bounds, where)
        return Answer(BoundsBody.of(kept.bounds), kept.version)


def _silence(body: BoundsBody, lineage: Sequence[Party]) -> Iterator[Mistake]:
    """What the organisation does not grant, nobody below it has: neither is left to be found out by those who are refused."""
    if not lineage and body.models is None:
        detail = 'Say which models an organisation may use: names and patterns, ["*"] for all, [] for none. Left out, nobody could call.'
        yield Mistake(detail=detail, pointer="/models")
    governed = sorted(GOVERNED.intersection(body.features or ()))
    if lineage and governed and lineage[0].bounds.features is None:
        detail = f"{lineage[0].name} has to name {', '.join(governed)} among its features first: what it does not grant nobody below it has."
        yield Mistake(detail=detail, pointer="/features")


async def checked(act: Act, body: BoundsBody, above: str) -> Bounds:
    """The bounds that a body says, for something under the party `above` (empty: under none). Raises with everything wrong in them."""
    lineage: Sequence[Party] = ()
    if above:
        lineage, _ = await act.office.records.lineage(above)
    mistakes = [*mistakes_in(body, lineage), *_silence(body, lineage)]
    if mistakes:
        raise Refusal("invalid", f"{mistakes[0].detail} ({mistakes[0].pointer})", errors=mistakes)
    return body.bounds()
