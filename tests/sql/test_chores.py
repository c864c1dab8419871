"""What is done for the database now and then."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from headworks.domain.config import Config, KeyRule
from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.audit.witness import FILE, Witness, read_head
from headworks.stores.sql.schema import AUDIT, AUDIT_HEAD, REPEATS
from headworks.stores.sql.tidying import CHANGES_KEPT, tidy
from headworks.wiring.chores import keep_house, tell_of_missing_keys
from tests.sql.house import AUDIT as FACTS
from tests.sql.house import SEAL, House, house, key, organisation


async def cut_to(there: House, number: int) -> None:
    async with there.database.writing() as connection:
        await connection.execute(delete(AUDIT).where(AUDIT.c.number > number))
        mac = (await connection.execute(select(AUDIT.c.mac).where(AUDIT.c.number == number))).scalar_one()
        await connection.execute(update(AUDIT_HEAD).values(number=number, mac=mac))


async def watched(url: str, directory: Path) -> None:
    async with house(url) as there:
        witness = Witness(directory, there.database, SEAL)
        assert await witness.look(1) == ""
        for _ in range(3):
            await there.acts.append_audit(FACTS)
        assert await witness.look(2) == ""
        evidence = read_head(directory / FILE)
        assert evidence is not None
        assert (evidence.number, evidence.holds()) == (3, True)
        await cut_to(there, 1)
        assert "removed" in await witness.look(3)
        there.clock.advance(1.0)
        for _ in range(3):
            await there.acts.append_audit(FACTS)
        assert "written anew" in await witness.look(4)
        assert read_head(directory / FILE) == evidence


def test_a_witness_beside_the_database_sees_what_was_cut_off_and_keeps_the_evidence(tables: str, tmp_path: Path) -> None:
    asyncio.run(watched(tables, tmp_path))


async def forgotten(url: str) -> None:
    async with house(url) as there:
        await there.records.add_party(organisation("acme"), reach=EVERYWHERE, audit=FACTS)
        there.clock.advance(CHANGES_KEPT / 1e9 + 1)
        await there.records.add_party(organisation("globex"), reach=EVERYWHERE, audit=FACTS)
        now = there.clock.wall_ns()
        async with there.database.writing() as connection:
            repeats = [{"actor": "a", "key": str(n), "request": "", "body": "", "expires_at": now + n} for n in (-1, 1)]
            await connection.execute(insert(REPEATS), repeats)
        assert await tidy(there.database, now) == 2
        assert await tidy(there.database, now) == 0
        assert [change.number for change in await there.records.changes_after(0)] == [2]
        head = await there.records.head()
        assert (head.number, head.pruned_to) == (2, 1)


def test_old_changes_and_answers_are_forgotten_and_the_head_says_so(tables: str) -> None:
    asyncio.run(forgotten(tables))


async def alarmed(url: str, directory: Path) -> list[str]:
    said: list[str] = []
    async with house(url) as there:
        for _ in range(2):
            await there.acts.append_audit(FACTS)
        keeping = asyncio.create_task(keep_house(there.database, directory, SEAL, there.clock, said.append))
        await turn(there)
        await cut_to(there, 1)
        for _ in range(3):
            there.clock.advance(60.0)
            await turn(there)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    return said


async def turn(there: House) -> None:
    """Until the chores are done and wait for the next time."""
    async with asyncio.timeout(60):
        await asyncio.sleep(0)
        while not there.clock.sleepers:  # noqa: ASYNC110 - a clock tells nobody that somebody waits for it
            await asyncio.sleep(0.001)


def test_an_alarm_is_given_once(tables: str, tmp_path: Path) -> None:
    said = asyncio.run(alarmed(tables, tmp_path))
    assert [line.partition(":")[0] for line in said] == ["ALARM"]


async def told_of_keys(url: str) -> None:
    async with house(url) as there:
        said: list[str] = []
        for way_in in (Config(keys={"me": KeyRule(key="hw-x")}), Config(open_door=True)):
            await tell_of_missing_keys(there.database, way_in, said.append)
        assert said == []
        await tell_of_missing_keys(there.database, Config(), said.append)
        assert len(said) == 1
        assert "headworks keys create" in said.pop()
        acme = await there.records.add_party(organisation("acme"), reach=EVERYWHERE, audit=FACTS)
        await there.records.add_key(key(1, acme.id), reach=EVERYWHERE, audit=FACTS)
        await tell_of_missing_keys(there.database, Config(), said.append)
        assert said == []


def test_an_installation_without_any_key_is_told_how_to_make_one(tables: str) -> None:
    asyncio.run(told_of_keys(tables))
