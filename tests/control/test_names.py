"""Names on their way from a gateway's memory to the database: sealed there, and kept waiting while they cannot be kept."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from headworks.control.names import NameKeeper
from headworks.domain.customers import Introduced, NamedCustomer
from headworks.exporters.sockets import TellingSocket, names_path
from headworks.ports.records import EVERYWHERE, Page
from headworks.secrets import Envelope, LocalMaster, MasterRefused, NameSeals, Vault
from headworks.stores.sql.audit import Acts, Seal
from headworks.stores.sql.customers import SqlCustomers
from headworks.stores.sql.engine import Database
from headworks.stores.sql.secrets import SqlSecrets
from headworks.testing import FrozenClock
from tests.sql.house import migrate

ANN = NamedCustomer(id="cus_" + 24 * "a", organisation="org_a", name="ann@example.com")
BOB = NamedCustomer(id="cus_" + 24 * "b", organisation="", name="bob@example.com")


async def story(folder: Path, database: Database) -> None:
    clock, said, told = FrozenClock(), list[str](), [Introduced((ANN, ANN)), Introduced((BOB,))]
    acts = Acts(database, clock, Seal(b"an audit key that only tests have"))
    masters: list[LocalMaster] = []

    def vault_of(owner: str) -> Vault:
        if not masters:
            raise MasterRefused("There is no master key. Set it.")
        return Vault(SqlSecrets(database, acts), Envelope(masters), owner)

    seals, customers = NameSeals(vault_of), SqlCustomers(database, acts)
    keeper = NameKeeper(folder, customers, seals, clock, said.append)
    door = TellingSocket(names_path(folder, os.getpid()), lambda: told.pop(0) if told else Introduced(()))
    await door.open()
    assert (await asyncio.to_thread(names_path(folder, os.getpid()).stat)).st_mode & 0o777 == 0o600
    for _ in range(3):
        await keeper.look()
    assert said == ["names of customers are not kept meanwhile: There is no master key. Set it."]
    assert await customers.customers(Page(), reach=EVERYWHERE) == []

    masters.append(LocalMaster(bytes(32)))
    await keeper.look()
    await door.close()

    kept = await customers.customers(Page(), reach=EVERYWHERE)
    assert [(each.id, each.organisation) for each in kept] == [(ANN.id, "org_a"), (BOB.id, "")]
    assert [await NameSeals(vault_of).open(each) for each in kept] == [ANN.name, BOB.name]
    await database.close()


def test_names_wait_in_memory_until_there_is_a_key_to_seal_them_with(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'headworks.db'}"
    migrate(address)
    asyncio.run(story(tmp_path, Database(address)))

    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"@example.com" not in written
