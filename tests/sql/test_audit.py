"""The audit chain: what was sealed cannot be changed, cut off, forked or written anew unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from sqlalchemy import delete, insert, select, text, update

from headworks.ports.records import EVERYWHERE, Conflict
from headworks.stores.sql.audit import Seal, SignedHead, Verdict, exported, signed_head, verify
from headworks.stores.sql.audit.sealing import canonical
from headworks.stores.sql.schema import AUDIT, AUDIT_HEAD
from tests.sql.house import AUDIT as FACTS
from tests.sql.house import SEAL, House, house, key, organisation, team

Story = Callable[[House], Awaitable[None]]


def run(url: str, story: Story) -> None:
    async def inside() -> None:
        async with house(url) as there:
            await story(there)

    asyncio.run(inside())


async def some_acts(there: House, number: int = 5) -> None:
    acme = await there.records.add_party(organisation(), reach=EVERYWHERE, audit=FACTS)
    for n in range(number - 1):
        await there.records.add_key(key(n, acme.id), reach=EVERYWHERE, audit=FACTS)


async def verdict(there: House, taken: SignedHead | None = None) -> Verdict:
    return await verify(there.database, [SEAL], taken)


def test_an_untouched_chain_is_sound(tables: str) -> None:
    async def story(there: House) -> None:
        assert (await verdict(there)).sound
        await some_acts(there)
        await there.acts.append_audit({"actor": "admin_2", "operation": "keys.create"}, outcome="denied")
        found = await verdict(there, await signed_head(there.database, SEAL, 1))
        assert found.sound
        assert found.records == 6

    run(tables, story)


@pytest.mark.parametrize(
    "change",
    [
        update(AUDIT).where(AUDIT.c.number == 3).values(body=canonical({"actor": "somebody else"})),
        update(AUDIT).where(AUDIT.c.number == 3).values(actor="somebody else"),
        update(AUDIT).where(AUDIT.c.number == 3).values(at=1),
        update(AUDIT).where(AUDIT.c.number == 3).values(mac=bytes(32)),
        update(AUDIT).where(AUDIT.c.number == 3).values(seal="another"),
        delete(AUDIT).where(AUDIT.c.number == 3),
    ],
    ids=["words", "actor", "time", "code", "seal", "removed"],
)
def test_the_first_record_that_was_tampered_with_is_named(tables: str, change: object) -> None:
    async def story(there: House) -> None:
        await some_acts(there)
        async with there.database.writing() as connection:
            await connection.execute(change)  # type: ignore[call-overload]
        found = await verdict(there)
        assert (found.sound, found.broken, found.records) == (False, 3, 2)

    run(tables, story)


def test_two_records_cannot_change_places(tables: str) -> None:
    async def story(there: House) -> None:
        await some_acts(there)
        async with there.database.writing() as connection:
            for before, after in ((2, 99), (3, 2), (99, 3)):
                await connection.execute(update(AUDIT).where(AUDIT.c.number == before).values(number=after))
        assert (await verdict(there)).broken == 2

    run(tables, story)


def test_records_cut_off_at_the_end_are_missed(tables: str) -> None:
    async def story(there: House) -> None:
        await some_acts(there)
        taken = await signed_head(there.database, SEAL, there.clock.wall_ns())
        async with there.database.writing() as connection:
            await connection.execute(delete(AUDIT).where(AUDIT.c.number > 3))
        assert "removed" in (await verdict(there)).trouble
        async with there.database.writing() as connection:  # … also by somebody who sets the head back
            mac = (await connection.execute(select(AUDIT.c.mac).where(AUDIT.c.number == 3))).scalar_one()
            await connection.execute(update(AUDIT_HEAD).values(number=3, mac=mac))
        assert (await verdict(there)).sound
        found = await verdict(there, taken)
        assert (found.sound, found.broken) == (False, 4)
        await some_more(there)
        assert "written anew" in (await verdict(there, taken)).trouble

    async def some_more(there: House) -> None:
        for n in range(3):
            await there.acts.append_audit({"actor": "admin_3", "operation": str(n)})

    run(tables, story)


def test_a_head_that_others_signed_proves_nothing(tables: str) -> None:
    async def story(there: House) -> None:
        await some_acts(there)
        forged = Seal(b"the key of somebody else").sign(9, bytes(32), 1)
        assert "not signed" in (await verdict(there, forged)).trouble
        real = await signed_head(there.database, SEAL, 1)
        assert "not signed" in (await verdict(there, msgspec.structs.replace(real, number=2))).trouble

    run(tables, story)


def test_writers_at_the_same_time_make_one_chain_and_one_order(tables: str) -> None:
    async def story(there: House) -> None:
        acme = await there.records.add_party(organisation(), reach=EVERYWHERE, audit=FACTS)
        writes: list[Awaitable[object]] = [
            there.records.add_key(key(n, acme.id), reach=EVERYWHERE, audit=FACTS) for n in range(20)
        ]
        writes += [there.acts.append_audit({"actor": "admin_2", "operation": "x"}) for _ in range(10)]
        await asyncio.gather(*writes)
        assert await verdict(there) == Verdict(records=31, head=(await signed_head(there.database, SEAL, 1)).mac)
        assert [change.number for change in await there.records.changes_after(0)] == list(range(1, 22))

    run(tables, story)


def test_what_failed_left_no_trace_of_having_been_done(tables: str) -> None:
    async def story(there: House) -> None:
        async def half() -> None:
            async with there.acts.begin(FACTS) as act:
                act.changed("party", "x")
                await act.connection.execute(insert(AUDIT_HEAD), {"id": 2, "number": 0, "mac": b""})
                _ = 1 / 0

        await some_acts(there, 1)
        with pytest.raises(Conflict):
            await there.records.add_party(organisation(), reach=EVERYWHERE, audit=FACTS)
        with pytest.raises(ZeroDivisionError):
            await half()
        assert (await verdict(there)).records == 1
        assert (await there.records.head()).number == 1

    run(tables, story)


def test_an_export_holds_what_was_sealed_within_reach(tables: str) -> None:
    async def story(there: House) -> None:
        acme = await there.records.add_party(organisation("acme"), reach=EVERYWHERE, audit=FACTS)
        globex = await there.records.add_party(organisation("globex"), reach=EVERYWHERE, audit=FACTS)
        await there.records.add_party(
            team("lab", acme), reach=(acme.id,), audit={"actor": "admin_2", "operation": "parties.create"}
        )
        records = [record async for record in exported(there.database)]
        assert [record.number for record in records] == [1, 2, 3]
        before = bytes(32)
        for record in records:  # whoever has the key can check the file without the database
            before = SEAL.mac(before, bytes(record.body).decode())
            assert before.hex() == record.mac
        told = msgspec.json.decode(records[2].body)
        assert told | {"at": 0} == {
            "actor": "admin_2", "at": 0, "entity": "party", "id": "team_acme_lab", "name": "lab", "number": 3,
            "operation": "parties.create", "outcome": "done", "within": "team_acme_lab",
        }  # fmt: skip
        assert [record.number async for record in exported(there.database, reach=(globex.id,))] == [2]
        assert [record.number async for record in exported(there.database, 1, most=1)] == [2]

    run(tables, story)


def test_facts_cannot_pass_for_what_the_audit_itself_says(tables: str) -> None:
    async def story(there: House) -> None:
        await there.acts.append_audit(
            {"actor": "a", "operation": "x", "outcome": "done", "number": "7", "at": "0"}, outcome="denied"
        )
        async with there.database.reading() as connection:
            row = (await connection.execute(select(AUDIT))).one()
        assert (row.number, row.outcome) == (1, "denied")
        assert row.at == there.clock.wall_ns()

    run(tables, story)


def test_a_change_is_seen_only_when_all_before_it_are(tables: str) -> None:
    """A number is taken last: whoever reads 2 can be sure that 1 is there, and not still on its way."""

    async def story(there: House) -> None:
        first, second = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            async with there.acts.begin(FACTS) as act:
                act.changed("key", "slow")
                first.set()
                await asyncio.wait_for(second.wait(), 60)

        async def fast() -> None:
            await first.wait()
            writing = asyncio.ensure_future(there.acts.append_audit(FACTS))
            assert await there.records.changes_after(0) == []
            second.set()
            await writing
            async with there.acts.begin(FACTS) as act:
                act.changed("key", "fast")

        await asyncio.gather(slow(), fast())
        assert [change.id for change in await there.records.changes_after(0)] == ["slow", "fast"]
        assert (await verdict(there)).records == 3

    run(tables, story)


def test_foreign_keys_hold(tables: str) -> None:
    async def story(there: House) -> None:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            async with there.database.writing() as connection:
                await connection.execute(
                    text("INSERT INTO party_paths (ancestor, descendant, depth) VALUES ('org_x', 'org_y', 1)")
                )

    run(tables, story)
