"""Revisions of the configuration, on both databases: numbered without gaps, one winner, never changed."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from headworks.domain.revision import Applied, Revision, digest_of
from headworks.ports.records import Conflict, Missing, Page
from headworks.stores.sql.audit import verify
from headworks.stores.sql.engine import Database
from headworks.stores.sql.revisions import SqlActiveRevision, SqlRevisions
from headworks.stores.sql.schema import AUDIT as AUDIT_TABLE
from tests.sql.house import AUDIT, SEAL, House, house

APPLIERS = 8


def revision(number: int, document: str, **more: object) -> Revision:
    facts = {"number": number, "digest": digest_of(document), "author": "adm_1", "author_name": "ann", **more}
    return Revision(**facts)  # type: ignore[arg-type]


async def added(revisions: SqlRevisions, number: int, document: str) -> Revision:
    return await revisions.add(revision(number, document), document, audit=AUDIT)


def test_the_last_one_is_active_and_all_are_kept(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            revisions = SqlRevisions(its.database, its.acts)
            assert await revisions.latest() == (0, "")
            assert await revisions.active() is None
            made = [await added(revisions, number, f"document {number}") for number in (1, 2, 3)]
            assert await revisions.latest() == (3, digest_of("document 3"))
            assert await revisions.active() == Applied(number=3, digest=digest_of("document 3"), document="document 3")
            assert await revisions.revision(2) == made[1]
            assert await revisions.document(1) == "document 1"
            assert await revisions.revisions(Page(size=2)) == [made[2], made[1]]
            assert await revisions.revisions(Page(after="2", size=2)) == [made[0]]
            for asked in (revisions.revision(4), revisions.document(4)):
                with pytest.raises(Missing):
                    await asked

    asyncio.run(story())


def test_a_number_that_is_taken_or_leaves_a_gap_is_refused_and_nothing_is_written(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            revisions = SqlRevisions(its.database, its.acts)
            await added(revisions, 1, "a")
            before = await its.records.head()
            for number in (1, 3):
                with pytest.raises(Conflict):
                    await added(revisions, number, "b")
            assert await revisions.document(1) == "a"
            assert await its.records.head() == before
            assert (await verify(its.database, [SEAL])).records == 1

    asyncio.run(story())


def test_of_many_who_apply_at_once_exactly_one_wins(tables: str) -> None:
    """Each with connections of their own, as control processes of a fleet have."""

    async def apply(its: House, name: str) -> bool:
        try:
            await added(SqlRevisions(its.database, its.acts), 1, name)
        except Conflict:
            return False
        return True

    async def story() -> None:
        async with house(tables) as one, house(tables) as other:
            won = await asyncio.gather(*(apply((one, other)[number % 2], str(number)) for number in range(APPLIERS)))
            assert won.count(True) == 1
            active = await SqlActiveRevision(one.database).active()
            assert active is not None
            assert (active.number, active.document) == (1, str(won.index(True)))

    asyncio.run(story())


def test_each_is_audited_and_in_the_change_log(tables: str) -> None:
    async def story() -> None:
        async with house(tables) as its:
            revisions = SqlRevisions(its.database, its.acts)
            await added(revisions, 1, "a")
            await revisions.add(revision(2, "a", restores=1, comment="back"), "a", audit=AUDIT)
            changes = await its.records.changes_after(0)
            assert [(change.entity, change.id) for change in changes] == [("revision", "1"), ("revision", "2")]
            async with its.database.reading() as connection:
                bodies = (await connection.execute(select(AUDIT_TABLE.c.body).order_by(AUDIT_TABLE.c.number))).scalars().all()
            assert [part in bodies[-1] for part in ('"id":"2"', '"restores":"1"', '"comment":"back"')] == [True] * 3

    asyncio.run(story())


def test_a_database_that_does_not_answer_is_no_connection(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def story() -> None:
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('none') / 'empty.db'}")
        with pytest.raises(OSError, match="OperationalError"):
            await SqlActiveRevision(database).latest()
        await database.close()

    asyncio.run(story())
