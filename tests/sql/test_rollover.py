"""Since when a budget rolls over is the store's word, in memory and on both databases, whoever writes what."""

from __future__ import annotations

from msgspec.structs import replace

from headworks.domain.limits import Calendar, Rollover, period_at
from headworks.domain.records import Bounds, BudgetRule, KeyRecord, Party
from headworks.ports.records import EVERYWHERE, Records
from headworks.stores.sql.records.rows import bounds_of, bounds_text
from headworks.testing.clock import FrozenClock
from tests.sql.house import key, organisation
from tests.sql.test_records import ALL, Check, check

__all__ = ["check"]

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


async def put(records: Records, clock: FrozenClock, record: Party, rule: BudgetRule) -> Party:
    clock.advance(3 * DAY)
    return await records.put_party(replace(record, bounds=bounds(rule)), **ALL)


def test_a_new_budget_rolls_over_from_now_on_and_keeps_to_it(check: Check) -> None:
    async def contract(records: Records, clock: FrozenClock) -> None:
        made = replace(organisation(), bounds=bounds(ROLLS))
        acme = await records.add_party(made, **ALL)
        assert since(acme) == acme.created_at
        raised = await put(records, clock, acme, replace(ROLLS, amount=20, rollover=Rollover(most=9, since=7)))
        assert (since(raised), raised.bounds.budgets["b"].amount) == (acme.created_at, 20)
        one = await records.add_key(key(1, acme.id, bounds=bounds(ROLLS)), **ALL)
        assert since(one) == one.created_at > acme.created_at
        clock.advance(DAY)
        again = await records.put_key(replace(one, name="renamed"), **ALL)
        assert since(again) == one.created_at
        assert await records.party(acme.id, reach=EVERYWHERE) == raised
        assert await records.key(one.id, reach=EVERYWHERE) == again

    check(contract)


def test_a_budget_that_was_there_begins_to_roll_over_with_its_next_period(check: Check) -> None:
    """What it has used so far is not known for long enough to tell what the period under way leaves over."""

    async def contract(records: Records, clock: FrozenClock) -> None:
        acme = await records.add_party(replace(organisation(), bounds=bounds(PLAIN)), **ALL)
        on = await put(records, clock, acme, ROLLS)
        turn = period_at(Calendar.MONTH, "UTC", clock.wall_ns()).ends_at
        assert since(on) == turn
        off = await put(records, clock, on, PLAIN)
        assert off.bounds == bounds(PLAIN)
        assert since(await put(records, clock, off, ROLLS)) == turn

    check(contract)


def test_a_budget_that_is_counted_otherwise_carries_nothing_of_before(check: Check) -> None:
    async def contract(records: Records, clock: FrozenClock) -> None:
        party = await records.add_party(replace(organisation(), bounds=bounds(ROLLS)), **ALL)
        for rule in (
            replace(ROLLS, calendar=Calendar.DAY),
            replace(ROLLS, zone="Europe/Berlin"),
            replace(ROLLS, group_by=("customer",)),
            replace(ROLLS, currency="EUR"),
        ):
            party = await put(records, clock, party, rule)
            assert since(party) == party.updated_at

    check(contract)


def test_what_was_taken_before_there_was_any_rollover_can_still_be_read() -> None:
    written = bounds_text(bounds(PLAIN)).replace('"calendar":"month"', '"calendar":"month","rollover":true', 1)
    assert "true" in written
    assert bounds_of(written) == bounds(PLAIN)
