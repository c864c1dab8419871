"""What was added to budgets, on both databases: written once, within reach, and looked up with whose it is."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from headworks.domain.limits import Calendar
from headworks.domain.records import Bounds, BudgetRule, TopUp
from headworks.ports.records import EVERYWHERE, Conflict, Missing, Page
from headworks.stores.sql.records.top_ups import SqlTopUps
from tests.sql.house import AUDIT, house, key, organisation, team

DAY = 86_400
BUDGETS = Bounds(budgets={"b": BudgetRule(amount=10, calendar=Calendar.MONTH), "once": BudgetRule(amount=10)})


def top_up(number: int, owner: str, budget: str = "b", period: str = "month/2026-01-01") -> TopUp:
    return TopUp(id=f"topup_{number}", owner=owner, budget=budget, period=period, amount=number, currency="USD")


def test_top_ups_are_looked_up_with_whose_they_are_until_they_cannot_count_any_more(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            records, top_ups = its.records, SqlTopUps(its.database, its.acts)
            acme = await records.add_party(replace(organisation(), bounds=BUDGETS), reach=EVERYWHERE, audit=AUDIT)
            lab = await records.add_party(team("lab", acme), reach=EVERYWHERE, audit=AUDIT)
            one = await records.add_key(key(1, lab.id, bounds=BUDGETS), reach=EVERYWHERE, audit=AUDIT)
            before = await records.head()
            for each in (top_up(1, acme.id), top_up(2, one.id), top_up(3, acme.id, "once", "")):
                await top_ups.add_top_up(each, reach=EVERYWHERE, audit=AUDIT)

            found = await records.key_by_digest((one.digest,))
            assert found is not None
            assert [[each.amount for each in record.top_ups] for record in (*found.lineage, found.key)] == [[1, 3], [], [2]]
            assert [record.version for record in (*found.lineage, found.key)] == [3, 1, 2]
            lineage, _ = await records.lineage(lab.id)
            assert lineage == found.lineage
            changes = await records.changes_after(before.number)
            assert [(change.entity, change.id) for change in changes] == [
                ("party", acme.id),
                ("key", one.id),
                ("party", acme.id),
            ]

            its.clock.advance(71 * DAY)
            found = await records.key_by_digest((one.digest,))
            assert found is not None
            assert [[each.amount for each in record.top_ups] for record in (*found.lineage, found.key)] == [[3], [], []]
            put = await records.put_party(replace(found.lineage[0], email="x"), reach=EVERYWHERE, audit=AUDIT)
            assert put.email == "x"

    asyncio.run(story())


def test_what_was_added_to_a_key_is_there_for_those_that_come_in_its_place(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            records, top_ups = its.records, SqlTopUps(its.database, its.acts)
            acme = await records.add_party(organisation(), reach=EVERYWHERE, audit=AUDIT)
            first = await records.add_key(key(1, acme.id, bounds=BUDGETS), reach=EVERYWHERE, audit=AUDIT)
            given = [await top_ups.add_top_up(top_up(1, first.id), reach=EVERYWHERE, audit=AUDIT)]
            second = key(2, acme.id, bounds=BUDGETS, origin=first.id)
            await records.add_key(second, reach=EVERYWHERE, audit=AUDIT)
            await records.remove_key(first.id, version=2, reach=EVERYWHERE, audit=AUDIT)
            before = await records.head()
            given += [await top_ups.add_top_up(top_up(2, second.id), reach=(acme.id,), audit=AUDIT)]

            found = await records.key_by_digest((second.digest,))
            assert found is not None
            assert [each.amount for each in found.key.top_ups] == [1, 2]
            listed = await top_ups.top_ups(Page(), owner=second.id, budget="b", reach=(acme.id,))
            assert [each.id for each in listed] == [each.id for each in given]
            assert [change.id for change in await records.changes_after(before.number)] == [second.id]

    asyncio.run(story())


def test_a_top_up_is_given_once_and_within_reach_only(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            top_ups = SqlTopUps(its.database, its.acts)
            acme, globex = [
                await its.records.add_party(organisation(name), reach=EVERYWHERE, audit=AUDIT) for name in ("acme", "globex")
            ]
            lab = await its.records.add_party(team("lab", acme), reach=EVERYWHERE, audit=AUDIT)
            one = await its.records.add_key(key(1, lab.id), reach=EVERYWHERE, audit=AUDIT)
            for number, owner in enumerate((lab.id, one.id)):
                asked = top_up(number, owner)
                for reach in ((globex.id,), ()):
                    with pytest.raises(Missing):
                        await top_ups.add_top_up(asked, reach=reach, audit=AUDIT)
                    assert not await top_ups.top_ups(Page(), owner=owner, budget="b", reach=reach)
                made = await top_ups.add_top_up(asked, reach=(acme.id,), audit=AUDIT)
                with pytest.raises(Conflict):
                    await top_ups.add_top_up(asked, reach=(acme.id,), audit=AUDIT)
                assert await top_ups.top_ups(Page(), owner=owner, budget="b", reach=(lab.id,)) == [made]
            assert (await its.records.party(lab.id, reach=EVERYWHERE)).version == 2

    asyncio.run(story())
