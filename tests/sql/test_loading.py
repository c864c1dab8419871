"""Many records in one act."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from headworks.ports.records import EVERYWHERE, Conflict, Missing, Page
from headworks.stores.sql.audit import verify
from headworks.stores.sql.records.loading import load
from tests.sql.house import AUDIT, SEAL, house, key, organisation, project, team

MANY = int(os.environ.get("HEADWORKS_MANY_KEYS", "1000000"))


async def loaded(url: str, many: int) -> float:
    """Seconds it took."""
    async with house(url) as there:
        acme, globex = organisation("acme"), organisation("globex")
        teams = [team(f"t{n}", acme) for n in range(50)]
        chat = project("chat", teams[7])
        began = time.perf_counter()
        owners = [chat.id, *(each.id for each in teams)]
        keys = (key(n, owners[n % len(owners)]) for n in range(many))
        assert await load(there.acts, [acme, globex, *teams, chat], keys, audit=AUDIT) == many
        took = time.perf_counter() - began
        assert [change.entity for change in await there.records.changes_after(0)] == ["reset"]
        assert (await verify(there.database, [SEAL])).records == 1
        last = await there.records.key_by_digest([(many - 1).to_bytes(32, "big")])
        assert last is not None
        assert last.key.id == key(many - 1, "").id
        found = await there.records.key_by_digest([bytes(32)])
        assert found is not None
        assert [party.id for party in found.lineage] == [acme.id, teams[7].id, chat.id]
        assert [party.path for party in found.lineage] == [(), (acme.id,), (acme.id, teams[7].id)]
        assert len(await there.records.keys(Page(size=9), reach=(acme.id,))) == 9
        assert await there.records.keys(Page(), reach=(globex.id,)) == []
        # more of them later, below parties that are there already
        assert await load(there.acts, [], [key(many, chat.id)], audit=AUDIT) == 1
        return took


def test_many_records_come_in_one_act_and_forgetting_everything_is_one_change(tables: str) -> None:
    asyncio.run(loaded(tables, 500))


async def refused(url: str) -> None:
    async with house(url) as there:
        acme = organisation()
        with pytest.raises(Missing, match="org_acme"):
            await load(there.acts, [team("lab", acme)], [], audit=AUDIT)
        with pytest.raises(Conflict):
            await load(there.acts, [acme], [key(1, acme.id), key(2, acme.id, digest=key(1, "").digest)], audit=AUDIT)
        assert await there.records.parties(Page(), reach=EVERYWHERE) == []
        assert (await there.records.head()).number == 0
        assert (await verify(there.database, [SEAL])).records == 0


def test_of_records_of_which_one_cannot_be_taken_none_is(tables: str) -> None:
    asyncio.run(refused(tables))


@pytest.mark.long
def test_a_million_keys(tables: str) -> None:
    took = asyncio.run(loaded(tables, MANY))
    print(f"{MANY:,} keys in {took:.0f} s: {tables.partition(':')[0]}")
