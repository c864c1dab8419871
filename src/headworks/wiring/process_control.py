"""The control process: metrics, status and the journal's projections, under a supervisor. Its death never stops traffic."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from headworks.control.admin.door import AdminDoor
from headworks.control.admin.office import nothing_known
from headworks.control.alerts import Alerts, Written
from headworks.control.ledger import Ledger
from headworks.control.names import NameKeeper
from headworks.control.process import ControlPlan, Prepare, run_control
from headworks.domain.config import Config
from headworks.domain.names import Names
from headworks.identity.pepper import PepperRefused, peppers_of
from headworks.ports.clock import Clock
from headworks.ports.revisions import Documents
from headworks.secrets import NameSeals
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.audit import Acts, Seal
from headworks.stores.sql.customers import SqlCustomers
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import LedgerTables
from headworks.stores.sql.ledger_alerts import AlertTables
from headworks.stores.sql.revisions import SqlActiveRevision
from headworks.wiring.administration import address_of, open_door
from headworks.wiring.alerts import destinations_of
from headworks.wiring.chores import keep_house, tell_of_missing_keys
from headworks.wiring.clock import SystemClock
from headworks.wiring.compile import Compiled
from headworks.wiring.config_file.excerpt import read_excerpt
from headworks.wiring.database import database_of, written_address
from headworks.wiring.documents import MachineDocuments
from headworks.wiring.entrance import Surroundings, entrance_of
from headworks.wiring.load import ConfigFile
from headworks.wiring.peppers import keep_pepper
from headworks.wiring.process_life import Life, Orders, live, read_orders
from headworks.wiring.rollouts_moved import rollout_controller
from headworks.wiring.seals import seals_of
from headworks.wiring.tables import make_tables
from headworks.wiring.vault import vault_of
from headworks.wiring.voice import say
from headworks.wiring.written import ActiveDocument, Document, FileDocument
from headworks.wiring.written_budgets import WrittenBudgets
from headworks.wiring.written_names import WrittenNames

NICENESS = 5
"""Accounts can wait a moment, answers cannot: where processors are scarce, the gateways go first and this gets a quarter as much."""


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop. Returns the process's exit code."""
    os.nice(NICENESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(read_orders(arguments), _serve))
    return 0


async def _serve(life: Life) -> None:
    asyncio.get_running_loop().call_soon(life.ready)  # the doors are open already: who comes early waits a moment
    clock = SystemClock()
    config = _written(life.orders.config)
    plan = _plan(life.orders, config)
    database = _database(life.orders, config)
    if database is None:
        await run_control(plan, life.sockets, clock, say, life.stop)
        return
    tables = LedgerTables(database, instance_of(life.orders.journal), clock)
    plan = plan._replace(
        ledger=Ledger(life.orders.journal, tables, say), prepare=lambda: _prepare(life.orders, database, clock)
    )
    plan = plan._replace(admin=_admin(life, config, database, clock), alerts=_alerts(life.orders, config, database, clock))
    plan = plan._replace(chores=_chores(life.orders, config, database, clock))
    try:
        await run_control(plan, life.sockets, clock, say, life.stop)
    finally:
        await database.close()


def _chores(orders: Orders, config: Config, database: Database, clock: Clock) -> Prepare | None:
    """None where there is no key for the audit: who opens the admin API says so."""
    try:
        seal, *_ = seals_of(os.environ, peppers_of(orders.journal, os.environ, shared=not database.is_sqlite))
    except (PepperRefused, ValueError, OSError):
        return None

    async def work() -> None:
        if orders.config is not None and config.config_from == "file":  # without a file, the gateway makes a key of its own
            await tell_of_missing_keys(database, config, say)
        async with asyncio.TaskGroup() as chores:
            chores.create_task(keep_house(database, orders.journal, seal, clock, say))
            chores.create_task(_name_keeper(orders, database, seal, clock).run())
            chores.create_task(rollout_controller(orders.journal, database, seal, clock).run())

    return work


def _name_keeper(orders: Orders, database: Database, seal: Seal, clock: Clock) -> NameKeeper:
    seals = NameSeals(lambda owner: vault_of(database, orders.journal, os.environ, clock, owner))
    return NameKeeper(orders.journal, SqlCustomers(database, Acts(database, clock, seal)), seals, clock, say)


async def _prepare(orders: Orders, database: Database, clock: Clock) -> None:
    """The tables, and in them which pepper counts. Where there is none, who opens the admin API has said so."""
    await make_tables(database, clock, say)
    with suppress(PepperRefused):
        await keep_pepper(database, peppers_of(orders.journal, os.environ, shared=not database.is_sqlite), clock)


def _database(orders: Orders, config: Config) -> Database | None:
    try:
        return database_of(written_address(config.database, _base(orders), os.environ), orders.journal)
    except (DatabaseUnusable, OSError) as trouble:
        say(f"control: {trouble} Until that is mended the ledger is not kept.")
        return None


def _alerts(orders: Orders, config: Config, database: Database, clock: Clock) -> Alerts | None:
    """Watches even where nobody is to be told: it says so on standard error then."""
    try:
        destinations = destinations_of(config.alerts, _base(orders), os.environ)
    except OSError as trouble:
        say(f"control: {trouble} Until that is mended nobody is told of budgets.")
        return None
    return Alerts(AlertTables(database), destinations, clock, say, _written_budgets(orders, config, database))


def _written_budgets(orders: Orders, config: Config, database: Database) -> Written | None:
    document = _document(orders, config, database)
    return WrittenBudgets(document).now if document is not None else None


def _document(orders: Orders, config: Config, database: Database) -> Document | None:
    """What gateways run; None where they run what they find on this machine."""
    if config.config_from == "database":
        return ActiveDocument(SqlActiveRevision(database))
    return FileDocument(Path(orders.config)) if orders.config is not None else None


def _names(orders: Orders, config: Config, database: Database, clock: Clock) -> Callable[[], Awaitable[Names | None]]:
    document = _document(orders, config, database)
    if document is None or orders.config is None:
        return nothing_known
    file = ConfigFile(Path(orders.config), os.environ, clock)
    follows = config.config_from == "database"

    def load(text: str) -> Compiled:
        return file.load_revision(text, "revision", config) if follows else file.load()

    return WrittenNames(document, load).now


def _base(orders: Orders) -> Path:
    """What relative names in the configuration count from."""
    return Path(orders.config).parent if orders.config is not None else Path.cwd()


def _admin(life: Life, config: Config, database: Database, clock: Clock) -> AdminDoor | None:
    here = Surroundings(base=_base(life.orders), environment=os.environ, address=address_of(life.sockets), clock=clock)
    try:
        entrance = entrance_of(config, here, say)
        documents = _documents(life.orders, config, clock)
        names = _names(life.orders, config, database, clock)
        return open_door(
            database, life.orders.journal, life.sockets, clock, entrance=entrance, documents=documents, names=names
        )
    except (PepperRefused, ValueError, OSError) as trouble:
        say(f"control: {trouble} Until that is mended there is no administration.")
        return None


def _documents(orders: Orders, config: Config, clock: Clock) -> Documents:
    """Who reads what is applied, as this machine's gateways will."""
    file = ConfigFile(Path(orders.config), os.environ, clock) if orders.config is not None else None
    return MachineDocuments(file, config)


def _plan(orders: Orders, config: Config) -> ControlPlan:
    return ControlPlan(
        journal=orders.journal,
        output=sys.stdout.buffer,
        terminal=sys.stdout.isatty(),
        logs=config.logs,
        keep_days=config.journal.keep_days,
    )


def _written(name: str | None) -> Config:
    """The configuration as far as it can be read: whether it can be used is the gateway's to say, and metrics must go on meanwhile."""
    if name is None:
        return Config()
    try:
        return read_excerpt(Path(name).read_text(), name).config
    except (OSError, UnicodeDecodeError) as trouble:
        say(f"control: {name} cannot be read ({trouble}); logs and retention are as by default")
        return Config()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
