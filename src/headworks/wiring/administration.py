"""The admin API over the records in SQL, as the control process serves it."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from headworks.control.admin.attempts import Attempts
from headworks.control.admin.denials import Denials
from headworks.control.admin.document import document_of
from headworks.control.admin.door import AdminDoor
from headworks.control.admin.entrance import Entrance
from headworks.control.admin.office import Counts, NewKey, Office, nothing_known
from headworks.control.admin.operations import OPERATIONS
from headworks.control.admin.passwords import Passwords
from headworks.control.admin.proxies import Network
from headworks.domain.config import Config
from headworks.domain.names import Names
from headworks.identity import Digests, PepperedReferences
from headworks.identity.keys import make_key, prefix_of
from headworks.identity.pepper import peppers_of
from headworks.ports.clock import Clock
from headworks.ports.revisions import Documents
from headworks.secrets import NameSeals
from headworks.stores.journal.under_way import UnderWay
from headworks.stores.sql.administration import SqlAdministration
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.customers import SqlCustomers
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger_alerts import AlertTables
from headworks.stores.sql.ledger_standing import LedgerStanding
from headworks.stores.sql.ledger_usage import LedgerUsage
from headworks.stores.sql.records.store import SqlRecords
from headworks.stores.sql.records.top_ups import SqlTopUps
from headworks.stores.sql.revisions import SqlRevisions
from headworks.stores.sql.rollouts.store import SqlRollouts
from headworks.wiring.documents import MachineDocuments
from headworks.wiring.seals import seals_of
from headworks.wiring.vault import vault_of
from headworks.wiring.voice import say

Say = Callable[[str], None]
HOSTS = "HEADWORKS_CONTROL_HOSTS"
"""Names, separated by commas, by which the control plane may be called besides `localhost` and plain addresses."""
PROXIES = "HEADWORKS_CONTROL_PROXIES"
"""Addresses and networks, separated by commas, of proxies before the control plane whose `x-forwarded-*` are believed."""


def open_door(  # noqa: PLR0913 - what the process has opened, and what is left out
    database: Database,
    data: Path,
    sockets: Sequence[socket.socket],
    clock: Clock,
    tell: Say = say,
    *,
    entrance: Entrance | None = None,
    documents: Documents | None = None,
    names: Callable[[], Awaitable[Names | None]] = nothing_known,
) -> AdminDoor:
    """`data` is where the journal is, and the pepper. Raises `PepperRefused`, and `ValueError` for what is wrong in the environment."""
    peppers = peppers_of(data, os.environ, shared=not database.is_sqlite)
    digests = Digests(peppers)
    acts = Acts(database, clock, seals_of(os.environ, peppers)[0])
    people, chance = SqlAdministration(database, acts), random.SystemRandom()
    entrance = entrance or Entrance(url=address_of(sockets))

    def mint() -> NewKey:
        secret = make_key()
        return NewKey(secret, prefix_of(secret), *digests.of_new(secret))

    office = Office(
        records=SqlRecords(database, clock, acts),
        people=people,
        top_ups=SqlTopUps(database, acts),
        revisions=SqlRevisions(database, acts),
        documents=documents or MachineDocuments(None, Config()),
        mint=mint,
        clock=clock,
        chance=chance,
        secret=peppers[0].digest(b"headworks administration"),
        references=PepperedReferences(peppers),
        customers=SqlCustomers(database, acts),
        rollouts=SqlRollouts(database, acts),
        name_seals=NameSeals(lambda owner: vault_of(database, data, os.environ, clock, owner)),
        denials=Denials(people, clock),
        attempts=Attempts(clock),
        passwords=Passwords(chance),
        document=document_of(OPERATIONS),
        names=names,
        usage=LedgerUsage(database),
        counts=counts_of(database, data),
        entrance=entrance,
        hosts=frozenset(name.lower() for name in (*_listed(HOSTS), urlsplit(entrance.url).hostname or "")),
        proxies=tuple(map(_network, _listed(PROXIES))),
    )
    return AdminDoor(office, address_of(sockets), tell)


def counts_of(database: Database, data: Path) -> Counts:
    """`data` is where the journal is."""
    under_way = UnderWay(data)

    async def held() -> Mapping[str, int]:
        return await asyncio.to_thread(under_way.look)

    return Counts(LedgerStanding(database), AlertTables(database), held)


def _listed(variable: str) -> list[str]:
    return [each.strip() for each in os.environ.get(variable, "").split(",") if each.strip()]


def _network(written: str) -> Network:
    try:
        return ip_network(written)
    except ValueError as trouble:
        raise ValueError(f"{PROXIES}: {trouble}. Write addresses or networks, as in 10.0.0.5 or 10.0.0.0/24.") from None


def address_of(sockets: Sequence[socket.socket]) -> str:
    """Where the control plane is reached from this machine."""
    for each in sockets:
        if each.family in {socket.AF_INET, socket.AF_INET6}:
            host, port = each.getsockname()[:2]
            name = f"[{host}]" if ":" in host else host
            return f"http://{'localhost' if host in {'0.0.0.0', '::'} else name}:{port}"  # noqa: S104 - what is compared is not bound
    return "http://localhost"
