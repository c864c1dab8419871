"""`headworks import litellm`: a configuration and records of LiteLLM as ours."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from sqlalchemy.exc import SQLAlchemyError

from headworks.cli.database import on_database
from headworks.cli.settings import directory_of
from headworks.domain.counted import counted
from headworks.files import write_whole
from headworks.identity.pepper import PepperRefused, peppers_of
from headworks.importers.checking import check, variables_of
from headworks.importers.litellm.document import Imported, Published, import_document, written
from headworks.importers.litellm.parties import Reader, Records
from headworks.importers.litellm.providers import SECRETS
from headworks.importers.litellm.tables import NotTheirs, Tables, read_tables
from headworks.importers.notes import Note, Verdict, told
from headworks.ports.records import Conflict, TakenIn
from headworks.stores.sql.address import DatabaseUnusable
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.records.intake import SqlIntake
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file import ConfigRefused, Unreadable
from headworks.wiring.load import givens
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import CONFIG_NAME
from headworks.wiring.seals import seals_of

_AUDIT = {"actor": "headworks import litellm", "operation": "import"}


@Parameter(name="*")
@dataclass(frozen=True)
class Choices:
    """What to read besides the file, and where to write to."""

    database: str = ""
    """LiteLLM's database, postgresql://…, to take keys, teams, users and budgets from. It is only read."""
    output: Path = Path(CONFIG_NAME)
    """Where our configuration goes. A file that is there is not replaced."""
    into: str = ""
    """Our own database, for the setting `database`. Left out: headworks.db beside the journal."""
    organisation: str = "imported"
    """Name of the organisation that those belong to who have none."""
    dry_run: bool = False
    """Report only, and write nothing."""
    json: bool = False
    """Print the report for programs."""


class _Outcome(msgspec.Struct, frozen=True):
    """What was found and done. `unset`: variables that the configuration needs and that are not set."""

    records: Records
    done: TakenIn | None
    unset: Sequence[str]


class _Abandoned(Exception):
    """The import cannot go on; the text says why and what to do."""

    def __init__(self, words: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(words)
        self.exit_code = exit_code


def litellm(config: Path, *, choices: Annotated[Choices | None, Parameter(name="*")] = None) -> int:
    """Take over LiteLLM's config.yaml, and with --database its keys, teams, users and budgets. Keys go on working.

    Writes a configuration and the records, and reports what became of every line: mapped, approximated, or not supported.

    Args:
        config: LiteLLM's config.yaml.
        choices: What to read besides, and where to write to.
    """
    chosen = choices or Choices()
    try:
        return _run(config, chosen)
    except _Abandoned as trouble:
        sys.stderr.write(f"headworks: {trouble}\n")
        return trouble.exit_code


def _run(config: Path, chosen: Choices) -> int:
    clock = SystemClock()
    here = givens(os.environ, clock, directory=str(chosen.output.absolute().parent))
    if not chosen.dry_run and chosen.output.exists():
        raise _Abandoned(f"{chosen.output} is there already. Name another one with --output, or move it away.")
    imported = _read(config, Published(here.catalog, here.prices, here.at), chosen.into)
    tables = _their_tables(chosen.database)
    notes, records = list(imported.notes.all), Records()
    if tables is not None:
        reader = Reader(tables, imported.groups, imported.config.guards, clock.wall_ns())
        records = reader.read(chosen.organisation)
        notes += [note for table in reader.notes for note in table.all]
    text = written(imported)
    try:
        check(text, str(chosen.output), here, {f"{SECRETS}/{name}": value for name, value in imported.secrets.items()})
    except ConfigRefused as refused:
        raise _Abandoned(f"what was made of {config} cannot be used; nothing was written:\n{refused}", Exit.CONFIG) from None
    done: TakenIn | None = None
    if not chosen.dry_run:
        _write_files(chosen.output, text, imported)
        done = _write_records(chosen.output, records) if tables is not None else None
    unset = [name for name in variables_of(text, imported.config, here.catalog) if not os.environ.get(name)]
    _report(notes, _Outcome(records, done, unset), chosen)
    return Exit.FAILED if done is not None and done.refused else Exit.OK


def _read(config: Path, published: Published, into: str) -> Imported:
    try:
        return import_document(config.read_text("utf-8"), str(config), published, into)
    except (OSError, UnicodeDecodeError) as trouble:
        raise _Abandoned(f"{config} cannot be read: {trouble}.") from None
    except Unreadable as trouble:
        spot = trouble.problem.spot
        at = f":{spot.line + 1}" if spot is not None else ""
        raise _Abandoned(f"{config}{at}: {trouble.problem.text}", Exit.CONFIG) from None


def _their_tables(url: str) -> Tables | None:
    if not url:
        return None

    async def read() -> Tables:
        database = Database(url, connections=1)
        try:
            return await read_tables(database)
        finally:
            await database.close()

    try:
        return asyncio.run(read())
    except (NotTheirs, DatabaseUnusable) as trouble:
        raise _Abandoned(str(trouble)) from None
    except (SQLAlchemyError, OSError) as trouble:
        reason = str(getattr(trouble, "orig", None) or trouble)
        raise _Abandoned(f"--database cannot be read: {reason}.", Exit.UNAVAILABLE) from None


def _write_files(output: Path, text: str, imported: Imported) -> None:
    try:
        for name, value in imported.secrets.items():
            write_whole(output.parent / SECRETS / name, value.encode())
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as trouble:
        raise _Abandoned(f"{trouble.filename} cannot be written: {trouble.strerror}.") from None


def _write_records(output: Path, records: Records) -> TakenIn:
    directory = directory_of(output)
    done: list[TakenIn] = []

    async def work(database: Database) -> int:
        await upgrade(database)
        clock = SystemClock()
        seal = seals_of(os.environ, peppers_of(directory, os.environ, shared=not database.is_sqlite))[0]
        intake = SqlIntake(Acts(database, clock, seal), clock)
        done.append(await intake.take_in(records.parties, records.keys, audit=_AUDIT))
        return Exit.OK

    try:
        code = on_database(output, work)
    except (PepperRefused, ValueError, Conflict) as refused:
        raise _Abandoned(f"the records were not all written: {refused}", Exit.CONFIG) from None
    if code != Exit.OK:
        raise _Abandoned(
            f"the records were not all written; {output} was. Mend the database, move {output} away, and import again."
        )
    return done[0]


def _report(notes: list[Note], outcome: _Outcome, chosen: Choices) -> None:
    if chosen.json:
        lines = [{"verdict": n.verdict, "where": n.where, "what": n.what, "told": n.told} for n in notes]
        counts = {verdict.value: sum(note.verdict is verdict for note in notes) for verdict in Verdict}
        found = {"parties": len(outcome.records.parties), "keys": len(outcome.records.keys)}
        whole = {"counts": counts, "records": found, "written": outcome.done, "unset_variables": outcome.unset, "notes": lines}
        print(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())
        return
    print("\n".join(told(notes)))
    for line in _summary(outcome, chosen):
        print(line)


def _summary(outcome: _Outcome, chosen: Choices) -> Sequence[str]:
    records, done, unset = outcome.records, outcome.done, outcome.unset
    lines = (
        [f"Found {counted(len(records.parties), 'party', 'parties')} and {counted(len(records.keys), 'key')}."]
        if records.parties
        else []
    )
    if done is not None:
        lines.append(
            f"Wrote {counted(done.parties, 'party', 'parties')} and {counted(done.keys, 'key')}; already there: {done.known}."
        )
        lines += [f"REFUSED: {words}" for words in done.refused]
    if unset:
        lines.append(f"To be set before it starts: {', '.join(unset)}")
    if chosen.dry_run:
        return [*lines, "Nothing was written (--dry-run)."]
    return [*lines, f"Wrote {chosen.output}. Next: headworks check {chosen.output}, then headworks serve {chosen.output}."]
