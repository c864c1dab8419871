"""`headworks audit ledger`: whether the books agree with what happened."""

from __future__ import annotations

from pathlib import Path

import msgspec

from headworks.cli.database import on_database
from headworks.cli.settings import ConfigPath, directory_of
from headworks.control.ledger_audit import LedgerAudit, audit_ledger
from headworks.domain.ledger import Bill
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger_sums import LedgerSums
from headworks.wiring.process_exits import Exit


def ledger(config: ConfigPath = None, *, json: bool = False, journal: Path | None = None) -> int:
    """Prove that the sum of exchanges is the sum of postings, and what counters are restored from.

    Reads the whole journal of this machine and the database's sums, while Headworks runs or after.

    Args:
        config: Which configuration: it names the database and the journal.
        json: Print what was found as JSON.
        journal: The journal's directory. Left out: as the configuration says.
    """
    directory = journal or directory_of(config)

    async def work(database: Database) -> int:
        found = await audit_ledger(directory, LedgerSums(database, instance_of(directory)))
        if json:
            print(msgspec.json.encode(found).decode())
        else:
            _print(found)
        return Exit.OK if found.sound else Exit.FAILED

    return on_database(config, work)


def _print(found: LedgerAudit) -> None:
    print(f"exchanges in the journal   {_told(found.journal)}   ({found.epochs} processes)")
    print(f"  noted when booked        {_told(found.booked)}")
    if found.gone:
        print(f"  {found.gone} more processes are booked and no longer whole in the journal (journal.keep_days)")
    print(f"all that was ever booked   {_told(found.noted)}")
    print(f"  sum of all postings      {_told(found.posted)}")
    print(f"counters, as charged       {found.charged:>24,}   units")
    print(f"  as they are restored     {found.counted:>24,}   units")
    print(f"ended and not booked yet   {_told(found.waiting)}")
    if found.unbooked:
        print(f"  {found.unbooked} more are beyond what a database can hold: unbooked.jsonl, beside the journal, has them")
    for stem in found.wrong_epochs:
        print(f"  {stem}: its exchanges come to something else than was booked")
    for name in found.wrong_counters:
        print(f"  {name}: exchanges took something else of it")
    for why in found.stopped:
        print(f"  {why}")
    print("sound" if found.sound else "NOT SOUND")


def _told(bill: Bill) -> str:
    return f"{bill.exchanges:>9,}   cost {_units(bill.cost)}   price {_units(bill.price)}"


def _units(nanos: int) -> str:
    whole, rest = divmod(nanos, 10**9)
    return f"{whole:>6,}.{rest:09d}"
