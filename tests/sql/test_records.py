"""The contract of records, over a fake in memory and both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypedDict

import pytest
from msgspec.structs import replace

from headworks.domain.limits import Calendar, OnLoss, Unit
from headworks.domain.records import Bounds, BudgetRule, LimitRule, Party, PartyKind
from headworks.ports.records import EVERYWHERE, Conflict, Missing, Page, Reach, Records
from headworks.testing.clock import FrozenClock
from headworks.testing.records import MemoryRecords
from tests.sql.conftest import Ready
from tests.sql.house import AUDIT, house, key, organisation, project, team

Contract = Callable[[Records, FrozenClock], Awaitable[None]]
Check = Callable[[Contract], None]


class How(TypedDict):
    """Who acts, and what the audit is told."""

    reach: Reach
    audit: Mapping[str, str]


ALL: How = {"reach": EVERYWHERE, "audit": AUDIT}


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def check(request: pytest.FixtureRequest, ready: Ready) -> Check:
    """Runs a part of the contract on empty records."""

    @asynccontextmanager
    async def records() -> AsyncGenerator[tuple[Records, FrozenClock]]:
        if request.param == "memory":
            clock = FrozenClock()
            yield MemoryRecords(clock), clock
            return
        async with house(url) as there:
            yield there.records, there.clock

    async def run(contract: Contract) -> None:
        async with records() as (some, clock):
            await contract(some, clock)

    url = "" if request.param == "memory" else ready(request.param)
    return lambda contract: asyncio.run(run(contract))


async def planted(records: Records) -> tuple[Party, Party, Party, Party]:
    """Acme with research and, in it, chat; and globex beside it."""
    acme = await records.add_party(organisation("acme"), **ALL)
    research = await records.add_party(team("research", acme), **ALL)
    chat = await records.add_party(project("chat", research), **ALL)
    globex = await records.add_party(organisation("globex"), **ALL)
    return acme, research, chat, globex


BOUNDS = Bounds(
    models=("gpt-*", "o4"),
    providers=(),
    tags={"stage": "prod"},
    limits={"rpm": LimitRule(unit=Unit.REQUESTS, amount=60, seconds=60.0)},
    budgets={
        "monthly": BudgetRule(
            amount=9_000_000_000_000,
            calendar=Calendar.MONTH,
            zone="Asia/Kathmandu",
            models=("gpt-*",),
            where={"customer": ("acme", "")},
            unless={"tag:tier": ("silver",)},
            on_loss=OnLoss.OPEN,
        )
    },
)


def test_records_come_back_as_they_were_written(check: Check) -> None:
    async def contract(records: Records, clock: FrozenClock) -> None:
        acme, research, chat, _ = await planted(records)
        now = clock.wall_ns()
        clock.advance(1.0)
        put = await records.put_party(
            replace(chat, bounds=BOUNDS, name="chat 2", disabled=True, expires_at=2**62, email="a@b.example"), **ALL
        )
        assert (put.version, put.created_at, put.updated_at) == (2, now, now + 10**9)
        assert await records.party(chat.id, reach=EVERYWHERE) == put
        assert put.bounds == BOUNDS
        assert put.path == (acme.id, research.id)
        made = await records.add_key(key(1, chat.id, bounds=BOUNDS, pepper="p1", expires_at=7), **ALL)
        assert await records.key(made.id, reach=EVERYWHERE) == made
        assert await records.lineage(chat.id) == ((acme, research, put), 6)
        assert (await records.lineage("team_unknown"))[0] == ()

    check(contract)


def test_a_key_is_found_by_its_digest_with_all_above_it(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, research, _, _ = await planted(records)
        made = await records.add_key(key(1, research.id), **ALL)
        found = await records.key_by_digest([b"no such", made.digest])
        assert found is not None
        assert (found.key, found.lineage, found.as_of) == (made, (acme, research), 5)
        assert await records.key_by_digest([b"no such"]) is None

    check(contract)


def test_of_two_digests_of_one_key_the_one_that_is_no_longer_valid_counts(check: Check) -> None:
    async def contract(records: Records, clock: FrozenClock) -> None:
        acme, *_ = await planted(records)
        for order in (1, -1):
            good, dead = key(10 + order, acme.id), key(20 + order, acme.id, expires_at=clock.wall_ns(), imported=True)
            for each in (good, dead)[::order]:
                await records.add_key(each, **ALL)
            found = await records.key_by_digest([good.digest, dead.digest])
            assert found is not None
            assert found.key.id == dead.id

    check(contract)


def test_what_is_out_of_reach_is_missing(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, research, chat, globex = await planted(records)
        theirs = await records.add_key(key(1, chat.id), **ALL)
        reach: How = {"reach": (globex.id,), "audit": AUDIT}
        refused: list[Awaitable[object]] = [
            records.party(acme.id, reach=(globex.id,)),
            records.key(theirs.id, reach=(globex.id,)),
            records.put_party(research, **reach),
            records.put_key(theirs, **reach),
            records.add_key(key(2, chat.id), **reach),
            records.add_party(team("spies", acme), **reach),
            records.add_party(organisation("third"), **reach),
            records.remove_party(chat.id, version=1, **reach),
            records.move_party(chat.id, globex.id, version=1, **reach),
            records.party(acme.id, reach=(research.id,)),
            records.party(acme.id, reach=()),
        ]
        for each in refused:
            with pytest.raises(Missing):
                await each
        assert await records.parties(Page(), reach=(globex.id,)) == [globex]
        assert await records.keys(Page(), reach=(globex.id,)) == []
        assert await records.keys(Page(), reach=(globex.id,), under=acme.id) == []
        assert await records.keys(Page(), reach=()) == []
        assert await records.keys(Page(), reach=(research.id, globex.id)) == [theirs]
        with pytest.raises(Missing):  # there, but may not be taken here
            await records.move_party(chat.id, globex.id, version=1, reach=(acme.id,), audit=AUDIT)
        with pytest.raises(Conflict):  # nobody but the installation's owner may say which digests there are
            await records.add_key(key(3, globex.id, imported=True), **reach)
        assert (await records.head()).number == 5

    check(contract)


def test_lists_come_in_pages_by_id(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, research, chat, globex = await planted(records)
        made = [await records.add_key(key(n, (acme, research, chat, globex)[n % 4].id), **ALL) for n in range(12)]
        first = await records.keys(Page(size=5), reach=EVERYWHERE)
        rest = await records.keys(Page(after=first[-1].id, size=50), reach=EVERYWHERE)
        assert [*first, *rest] == made
        assert await records.keys(Page(), reach=EVERYWHERE, owner=acme.id) == made[0::4]
        assert await records.keys(Page(), reach=(acme.id,), under=research.id) == [
            k for k in made if made.index(k) % 4 in {1, 2}
        ]
        assert await records.keys(Page(after=made[0].id, size=2), reach=(acme.id,)) == made[1:3]
        assert await records.keys(Page(), reach=EVERYWHERE, prefix="hw-0000001") == made[10:]
        assert await records.keys(Page(), reach=EVERYWHERE, prefix="hw-0000001%") == []
        assert [p.id for p in await records.parties(Page(), reach=EVERYWHERE, under=acme.id)] == [chat.id, research.id]
        assert await records.parties(Page(), reach=EVERYWHERE, kind=PartyKind.TEAM) == [research]
        assert await records.parties(Page(), reach=EVERYWHERE, name="globex") == [globex]

    check(contract)


def test_only_one_of_two_who_read_the_same_version_may_write(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, *_ = await planted(records)
        made = await records.add_key(key(1, acme.id), **ALL)
        results = await asyncio.gather(
            *(records.put_key(replace(made, name=f"by {n}"), **ALL) for n in range(5)), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in results) == ["Conflict"] * 4 + ["KeyRecord"]
        with pytest.raises(Conflict, match="version"):
            await records.put_party(replace(acme, version=7), **ALL)
        with pytest.raises(Conflict, match="version"):
            await records.remove_party(acme.id, version=7, **ALL)

    check(contract)


def test_names_digests_and_places_in_the_tree_are_guarded(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, research, chat, globex = await planted(records)
        await records.add_key(key(1, acme.id), **ALL)
        lab = await records.add_party(team("lab", acme), **ALL)
        refused: list[Awaitable[object]] = [
            records.add_party(replace(team("research", acme), id="team_other"), **ALL),
            records.put_party(replace(lab, name="research"), **ALL),
            records.add_key(replace(key(1, acme.id), id="key_other"), **ALL),
            records.add_party(replace(organisation("deep"), parent=acme.id), **ALL),
            records.add_party(replace(team("loose", acme), parent=""), **ALL),
            records.add_party(team("inner", research), **ALL),
            records.move_party(research.id, chat.id, version=1, **ALL),
            records.move_party(acme.id, "", version=1, **ALL),
            records.remove_party(research.id, version=1, **ALL),
        ]
        for each in refused:
            with pytest.raises(Conflict):
                await each
        # the same name is free elsewhere: nobody learns from a refusal what other tenants have
        assert await records.add_party(team("research", globex), reach=(globex.id,), audit=AUDIT)

    check(contract)


def test_a_party_moves_with_all_below_it(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        _, research, chat, globex = await planted(records)
        made = await records.add_key(key(1, chat.id), **ALL)
        moved = await records.move_party(research.id, globex.id, version=1, **ALL)
        assert (moved.parent, moved.path, moved.version) == (globex.id, (globex.id,), 2)
        lineage, _ = await records.lineage(chat.id)
        assert [p.id for p in lineage] == [globex.id, research.id, chat.id]
        assert lineage[-1].path == (globex.id, research.id)
        assert await records.keys(Page(), reach=(globex.id,)) == [made]
        assert await records.keys(Page(), reach=("org_acme",)) == []
        back = await records.move_party(chat.id, "org_acme", version=1, **ALL)
        assert back.path == ("org_acme",)
        assert await records.keys(Page(), reach=("org_acme",)) == [made]

    check(contract)


def test_a_party_goes_with_its_keys(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        _, research, chat, _ = await planted(records)
        made = await records.add_key(key(1, chat.id), **ALL)
        await records.remove_party(chat.id, version=1, **ALL)
        assert await records.key_by_digest([made.digest]) is None
        with pytest.raises(Missing):
            await records.party(chat.id, reach=EVERYWHERE)
        await records.remove_party(research.id, version=1, reach=("org_acme",), audit=AUDIT)

    check(contract)


def test_a_key_that_is_removed_is_known_no_more(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, _, _, globex = await planted(records)
        made = await records.add_key(key(1, acme.id), **ALL)
        with pytest.raises(Missing):
            await records.remove_key(made.id, version=1, reach=(globex.id,), audit=AUDIT)
        with pytest.raises(Conflict, match="version"):
            await records.remove_key(made.id, version=2, **ALL)
        await records.remove_key(made.id, version=1, **ALL)
        assert await records.key_by_digest([made.digest]) is None
        assert (await records.changes_after(5))[-1].id == made.id

    check(contract)


def test_a_name_is_looked_up_below_one_party_and_must_be_the_only_one(check: Check) -> None:
    async def contract(records: Records, _clock: FrozenClock) -> None:
        acme, research, chat, globex = await planted(records)
        await records.add_party(team("research", globex), **ALL)
        assert await records.party_by_name(PartyKind.TEAM, "research", under=acme.id) == research
        assert await records.party_by_name(PartyKind.PROJECT, "chat", under=acme.id) == chat
        assert await records.party_by_name(PartyKind.PROJECT, "chat", under=globex.id) is None
        assert await records.party_by_name(PartyKind.ORGANISATION, "acme", under=acme.id) is None
        await records.add_party(project("chat", acme), **ALL)
        assert await records.party_by_name(PartyKind.PROJECT, "chat", under=acme.id) is None

    check(contract)


def test_every_write_has_the_next_number_and_a_refused_one_has_none(check: Check) -> None:
    async def contract(records: Records, clock: FrozenClock) -> None:
        acme, research, chat, globex = await planted(records)
        with pytest.raises(Conflict):
            await records.add_party(organisation("acme"), **ALL)
        made = await records.add_key(key(1, acme.id), **ALL)
        await records.put_key(replace(made, revoked_at=clock.wall_ns()), **ALL)
        changes = await records.changes_after(0)
        assert [c.number for c in changes] == [1, 2, 3, 4, 5, 6]
        assert [c.id for c in changes] == [acme.id, research.id, chat.id, globex.id, made.id, made.id]
        assert {c.entity for c in changes} == {"party", "key"}
        assert await records.changes_after(3, 2) == changes[3:5]
        assert (await records.head()).number == 6

    check(contract)
