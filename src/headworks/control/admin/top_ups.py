"""Top-ups: money added to a budget for one period. The rule stays as it is, and so does what was spent."""

from __future__ import annotations

from typing import Generic

import msgspec

from headworks.control.admin.bounds import Bounded, Holder
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.top_ups import TopUpAsked, TopUpListing, TopUpView, Which
from headworks.domain.administration.wire.values import nanos_of
from headworks.domain.customers import is_reference
from headworks.domain.limits import group_named, period_at
from headworks.domain.records import BudgetRule, TopUp


class TopUpsOf(Generic[Bounded]):
    """The acts on the top-ups of one kind of record."""

    def __init__(self, holder: Holder[Bounded]) -> None:
        self._holder = holder

    async def create(self, act: Act) -> Answer:
        """One more. Gateways judge by it within a second."""
        asked, name = act.asked(TopUpAsked), act.path["name"]
        record = await self._holder.found(act)
        self._holder.refuse_own(act, record)
        rule = record.bounds.budgets.get(name)
        if rule is None:
            raise Refusal("conflict", f"It has no budget {name!r} on this level. Set that first: PUT …/budgets/{name}.")
        amount = nanos_of(asked.amount)
        if not amount:
            raise _wrong("/amount", "Nothing would be added. Give more than 0; to take away, change the budget.")
        top_up = TopUp(
            id=act.office.new_id("topup"),
            owner=record.id,
            budget=name,
            group=_group(rule, await self._by_reference(act, record, asked)),
            period=_period(rule, asked.period, act.now()),
            amount=amount,
            currency=rule.currency,
            actor=act.actor.id,
        )
        return Answer(TopUpView.of(await act.office.top_ups.add_top_up(top_up, reach=act.reach, audit=act.facts())))

    async def _by_reference(self, act: Act, record: Bounded, asked: TopUpAsked) -> TopUpAsked:
        """The same with references in place of names, as counters have them."""
        references = act.office.references
        makers = {"customer": references.customer, "session": references.session}
        named = {fact: name for fact, name in asked.group.items() if fact in makers and name and not is_reference(name)}
        if not named:
            return asked
        lineage, _ = await act.office.records.lineage(self._holder.above(record) or record.id)
        referred = {fact: makers[fact](lineage[0].id, name) for fact, name in named.items()}
        return msgspec.structs.replace(asked, group={**asked.group, **referred})

    async def list(self, act: Act) -> Answer:
        """All there were, oldest first."""
        record = await self._holder.found(act)
        found = await act.office.top_ups.top_ups(page_of(act), owner=record.id, budget=act.path["name"], reach=act.reach)
        shown, cursor = cut(act, found)
        return Answer(TopUpListing(data=tuple(map(TopUpView.of, shown)), next=cursor))


def _group(rule: BudgetRule, asked: TopUpAsked) -> str:
    if asked.group.keys() != set(rule.group_by):
        if not rule.group_by:
            raise _wrong("/group", "This budget is not grouped. Leave `group` out.")
        raise _wrong("/group", f"Say for whom: this budget is grouped by {', '.join(rule.group_by)}. Give a value of each.")
    return group_named([asked.group[fact] for fact in rule.group_by])


def _period(rule: BudgetRule, which: Which, now: int) -> str:
    if rule.calendar is None:
        if which is Which.NEXT:
            raise _wrong("/period", "This budget has no periods: what is added stays. Leave `period` out.")
        return ""
    period = period_at(rule.calendar, rule.zone, now)
    return period.name if which is Which.CURRENT else period_at(rule.calendar, rule.zone, period.ends_at).name


def _wrong(pointer: str, detail: str) -> Refusal:
    return Refusal("invalid", detail, errors=[Mistake(detail=detail, pointer=pointer)])
