"""What is used, held and left of limits and budgets, as administrators see it: by the ledger, and by journals of who is alive."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from headworks.control.ledger import Ledger
from headworks.domain.exchange import Charge
from headworks.domain.limits import group_named
from headworks.domain.limits.limit import joined
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import LedgerTables
from headworks.testing import FrozenClock
from tests.admin.house import house
from tests.journal.writing import AT, Voice, begin, journal_in
from tests.ledger.booking import spent

DOLLAR = 10**9


def counter(owner: str, rule: str, unit: str, period: str = "", group: str = "", kind: str = "budget") -> str:
    return joined(owner, kind, rule, unit) + group + (joined(period) if period else "")


async def _book(url: str, directory: Path) -> None:
    database = Database(url)
    tables = LedgerTables(database, await asyncio.to_thread(instance_of, directory), FrozenClock(wall_ns=AT))
    await Ledger(directory, tables, Voice()).step()
    await database.close()


def test_what_is_used_held_and_left(url: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with house(url, journal=tmp_path) as its:
            owner = await its.owner()
            tenant = await its.tenant(owner, "acme")
            team = tenant.team
            this, before = "month/2026-01-01", "month/2025-12-01"
            budgets: dict[str, Any] = {
                "month": {"amount": "10", "calendar": "month", "rollover": {"most": "4"}},
                "each": {"amount": "3", "group_by": ["customer"]},
                "soft": {"amount": "5", "hard": False, "group_by": ["tag:tier"]},
            }
            limits = {
                "rate": {"unit": "requests", "amount": 5, "seconds": 60},
                "daily": {"unit": "tokens", "amount": 100, "calendar": "day"},
                "slots": {"unit": "concurrent", "amount": 2},
            }
            await owner.made(f"PUT /teams/{team}/bounds", {"budgets": budgets, "limits": limits}, if_match="*")
            unused = {row["name"]: row for row in (await owner.made(f"GET /teams/{team}/standings"))["data"]}
            assert "each" not in unused, "no group has used anything"
            assert (unused["month"]["used"], unused["month"]["left"]) == ("0", "10")
            await owner.made(f"POST /teams/{team}/budgets/month/top-ups", {"amount": "2.5"})
            month = counter(team, "month", "cost", this)
            ann = counter(team, "each", "cost", group=group_named(["ann"]))
            slots = counter(team, "slots", "concurrent", kind="limit")
            charges = (
                Charge(month, 3 * DOLLAR, "cost", AT * 2),
                Charge(counter(team, "month", "cost", before), DOLLAR, "cost", AT * 2),
                Charge(ann, DOLLAR, "cost"),
                Charge(counter(team, "soft", "cost", group=group_named(["gold"])), 11 * DOLLAR // 2, "cost"),
                Charge(counter(team, "daily", "tokens", "day/2026-01-01", kind="limit"), 40, "tokens", AT * 2),
            )
            journal = await asyncio.to_thread(journal_in, tmp_path)
            lineage = (tenant.organisation, team, "key_1")
            journal.end(spent(1, 3 * DOLLAR, counters=charges, lineage=lineage))
            journal.begin(begin(2, counters=(Charge(month, DOLLAR, "cost", AT * 2), Charge(slots, 1, "concurrent"))))
            await _book(url, tmp_path)

            told = await owner.made(f"GET /teams/{team}/standings")
            stands = {row["name"]: row for row in told["data"]}
            assert told["booked_through"] is not None
            shown = {name: tuple(row[field] for field in ("used", "held", "added", "left")) for name, row in stands.items()}
            assert shown == {
                "month": ("3", "1", "2.5", "8.5"),
                "each": ("1", "0", "0", "2"),
                "soft": ("5.5", "0", "0", "0"),
                "rate": (None, None, 0, None),
                "daily": (40, 0, 0, 60),
                "slots": (0, 1, 0, 1),
            }
            assert (stands["each"]["group"], stands["soft"]["group"]) == (["ann"], ["gold"])
            assert {name for name, row in stands.items() if row["overrun"] not in {"0", 0, None}} == {"soft"}
            assert stands["soft"]["overrun"] == "0.5"
            assert (stands["month"]["period"], stands["month"]["resets_at"]) == (this, "2026-02-01T00:00:00Z")
            await asyncio.to_thread(journal.close)
            assert {row["held"] for row in (await owner.made(f"GET /teams/{team}/standings"))["data"]} >= {"0", 0}

    asyncio.run(story())


def test_what_the_period_before_left_over_is_told(url: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with house(url, journal=tmp_path) as its:
            owner = await its.owner()
            team = (await its.tenant(owner, "acme")).team
            rule = {"amount": "10", "calendar": "month", "rollover": {"most": "4"}}
            await owner.made(f"PUT /teams/{team}/budgets/month", rule, if_match="*")
            (january,) = (await owner.made(f"GET /teams/{team}/standings"))["data"]
            its.clock.advance(31 * 86_400)
            (february,) = (await owner.made(f"GET /teams/{team}/standings"))["data"]
            assert (january["carried"], january["left"]) == ("0", "10")
            assert (february["carried"], february["left"]) == ("4", "14")

    asyncio.run(story())


def test_of_a_rotated_key_it_is_told_what_the_one_before_has_used(url: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with house(url, journal=tmp_path) as its:
            owner = await its.owner()
            tenant = await its.tenant(owner, "acme")
            budgets = {"month": {"amount": "10", "calendar": "month"}, "soft": {"amount": "5", "hard": False}}
            await owner.made(f"PUT /keys/{tenant.key}/bounds", {"budgets": budgets}, if_match="*")
            await owner.made(f"POST /keys/{tenant.key}/budgets/month/top-ups", {"amount": "2"})
            journal = await asyncio.to_thread(journal_in, tmp_path)
            month = Charge(counter(tenant.key, "month", "cost", "month/2026-01-01"), 3 * DOLLAR, "cost", AT * 2)
            soft = Charge(counter(tenant.key, "soft", "cost"), 3 * DOLLAR, "cost")
            lineage = (tenant.organisation, tenant.team, tenant.key)
            journal.end(spent(1, 3 * DOLLAR, principal=tenant.key, counters=(month, soft), lineage=lineage))
            await asyncio.to_thread(journal.close)
            await _book(url, tmp_path)

            new = (await owner.made(f"POST /keys/{tenant.key}/rotate", {}))["key"]["id"]
            for key in (tenant.key, new):
                told = {row["name"]: row for row in (await owner.made(f"GET /keys/{key}/standings"))["data"]}
                assert (told["month"]["used"], told["month"]["left"], told["soft"]["used"]) == ("3", "9", "3")

    asyncio.run(story())
