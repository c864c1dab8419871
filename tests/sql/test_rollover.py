"""Since when a budget rolls over is the store's word, on both databases, whoever writes what."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from headworks.domain.limits import Calendar, Rollover, period_at
from headworks.domain.records import Bounds, BudgetRule, KeyRecord, Party
from headworks.ports.records import EVERYWHERE
from tests.sql.house import AUDIT, House, house, key, organisation

DAY = 86_400
PLAIN = BudgetRule(amount=10, calendar=Calendar.MONTH)
ROLLS = replace(PLAIN, rollover=Rollover(most=5, since=1))
"""With an instant that somebody made up."""


def bounds(rule: BudgetRule) -> Bounds:
    return Bounds(budgets={"b": rule, "other": PLAIN})


def since(record: Party | KeyRecord) -> int:
    rollover = record.bounds.budgets["b"].rollover
    assert rollover is not None
    return rollover.since


async def put(its: House, record: Party, rule: BudgetRule) -> Party:
    its.clock.advance(3 * DAY)
    return await its.records.put_party(replace(record, bounds=bounds(rule)), reach=EVERYWHERE, audit=AUDIT)


def test_a_new_budget_rolls_over_from_now_on_and_keeps_to_it(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            made = replace(organisation(), bounds=bounds(ROLLS))
            acme = await its.records.add_party(made, reach=EVERYWHERE, audit=AUDIT)
            assert since(acme) == acme.created_at
            raised = await put(its, acme, replace(ROLLS, amount=20, rollover=Rollover(most=9, since=7)))
            assert (since(raised), raised.bounds.budgets["b"].amount) == (acme.created_at, 20)
            one = await its.records.add_key(key(1, acme.id, bounds=bounds(ROLLS)), reach=EVERYWHERE, audit=AUDIT)
            assert since(one) == one.created_at > acme.created_at
            its.clock.advance(DAY)
            again = await its.records.put_key(replace(one, name="renamed"), reach=EVERYWHERE, audit=AUDIT)
            assert since(again) == one.created_at
            assert await its.records.party(acme.id, reach=EVERYWHERE) == raised
            assert await its.records.key(one.id, reach=EVERYWHERE) == again

    asyncio.run(story())


def test_a_budget_that_was_there_begins_to_roll_over_with_its_next_period(tables: str) -> None:
    """What it has used so far is not known for long enough to tell what the period under way leaves over."""

    async def story() -> None:
        async with house(tables) as its:
            acme = await its.records.add_party(replace(organisation(), bounds=bounds(PLAIN)), reach=EVERYWHERE, audit=AUDIT)
            on = await put(its, acme, ROLLS)
            turn = period_at(Calendar.MONTH, "UTC", its.clock.wall_ns()).ends_at
            assert since(on) == turn
            off = await put(its, on, PLAIN)
            assert off.bounds == bounds(PLAIN)
            assert since(await put(its, off, ROLLS)) == turn

    asyncio.run(story())


def test_a_budget_that_is_counted_otherwise_carries_nothing_of_before(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            party = await its.records.add_party(replace(organisation(), bounds=bounds(ROLLS)), reach=EVERYWHERE, audit=AUDIT)
            for rule in (
                replace(ROLLS, calendar=Calendar.DAY),
                replace(ROLLS, zone="Europe/Berlin"),
                replace(ROLLS, group_by=("customer",)),
                replace(ROLLS, currency="EUR"),
            ):
                party = await put(its, party, rule)
                assert since(party) == party.updated_at

    asyncio.run(story())
