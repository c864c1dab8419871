"""`headworks audit`: whether the record of administrative acts is whole, and taking it elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from headworks.cli.database import Work, on_database
from headworks.cli.settings import ConfigPath, directory_of, misuse
from headworks.domain.counted import counted
from headworks.identity.pepper import PepperRefused, peppers_of
from headworks.stores.sql.audit import Seal, SignedHead, exported, signed_head
from headworks.stores.sql.audit import verify as follow
from headworks.stores.sql.audit.witness import FILE, read_head
from headworks.stores.sql.engine import Database
from headworks.stores.sql.version import Behind, check
from headworks.wiring.clock import SystemClock
from headworks.wiring.process_exits import Exit
from headworks.wiring.seals import seals_of


def verify(config: ConfigPath = None, *, head: Path | None = None, json: bool = False) -> int:
    """Follow the audit's chain from its first record, and name the first one that was changed, removed or written anew.

    Args:
        config: Which configuration: it names the database.
        head: A file whose last line is a signed head, such as an earlier export: what was cut off since is found, too. Left out: the head that
            the control process keeps in the data directory.
        json: Print what was found as JSON.
    """
    directory = directory_of(config)
    taken = _head_in(head or directory / FILE)
    if taken is None and head is not None:
        misuse(f"--head {head}: there is no such file.")

    async def work(database: Database) -> int:
        await check(database)
        found = await follow(database, _seals(directory, database), taken)
        if json:
            print(msgspec.json.encode(found).decode())
        elif found.sound:
            print(
                f"{counted(found.records, 'record')}, sound."
                + ("" if taken else " (--head FILE would tell whether the last ones were cut off.)")
            )
        else:
            print(f"NOT SOUND at record {found.broken}: {found.trouble}" if found.broken else f"NOT SOUND: {found.trouble}")
        return Exit.OK if found.sound else Exit.FAILED

    return _guarded(config, work)


def export(config: ConfigPath = None, *, after: int = 0, output: Path | None = None) -> int:
    """Write the audit's records as JSON lines, and as last line the signed head of the chain, to be kept where no administrator gets.

    Args:
        config: Which configuration: it names the database.
        after: Only records after this number.
        output: Where to. Left out: the terminal.
    """
    directory = directory_of(config)

    async def work(database: Database) -> int:
        await check(database)
        seal = _seals(directory, database)[0]
        with _writable(output):
            file = sys.stdout.buffer if output is None else output.open("wb")
        with file if output is not None else nullcontext():
            async for line in _lines(database, seal, after):
                with _writable(output):
                    file.write(line)
            with _writable(output):
                file.flush()
        return Exit.OK

    try:
        return _guarded(config, work)
    except _UnwritableError as trouble:
        if isinstance(trouble.__cause__, BrokenPipeError):
            raise trouble.__cause__ from None
        sys.stderr.write(f"headworks: {trouble}\n")
        return Exit.FAILED


class _UnwritableError(Exception):
    """What is exported cannot be written where it was to go. The database has no part in it."""


@contextmanager
def _writable(output: Path | None) -> Generator[None]:
    try:
        yield
    except OSError as trouble:
        raise _UnwritableError(f"{output or 'the terminal'} cannot be written: {trouble.strerror}.") from trouble


async def _lines(database: Database, seal: Seal, after: int) -> AsyncIterator[bytes]:
    async for record in exported(database, after):
        yield msgspec.json.encode(record) + b"\n"
    yield msgspec.json.encode(await signed_head(database, seal, SystemClock().wall_ns())) + b"\n"


def _seals(directory: Path, database: Database) -> tuple[Seal, ...]:
    return seals_of(os.environ, peppers_of(directory, os.environ, shared=not database.is_sqlite))


def _head_in(file: Path) -> SignedHead | None:
    """None where there is no such file. Ends the process with `Exit.USAGE` where it holds something else."""
    try:
        return read_head(file)
    except (OSError, msgspec.MsgspecError) as trouble:
        misuse(f"--head {file}: its last line is no signed head ({trouble}). headworks audit export writes one.")


def _guarded(config: Path | None, work: Work) -> int:
    try:
        return on_database(config, work)
    except Behind as behind:
        sys.stderr.write(f"{behind}\n")
        return Exit.FAILED
    except (PepperRefused, ValueError) as refused:
        sys.stderr.write(f"The audit's key cannot be had: {refused}\n")
        return Exit.CONFIG
