"""`headworks exchanges`: what has gone through the gateway, straight from the journal, whether or not it runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.text import Text

from headworks.cli.exchanges_page import Rows
from headworks.cli.exchanges_wanted import Wanted, check_status
from headworks.cli.settings import ConfigPath, directory_of
from headworks.domain.exchange import Exchange
from headworks.stores.journal import Audit, NewerSchemaError, Tail, audit, newest_first
from headworks.wiring.clock import SystemClock
from headworks.wiring.process_exits import Exit

GLANCE = 0.25
_WIDTH_OF_A_PIPE = 120


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class View:
    """How exchanges are shown."""

    limit: Annotated[int, Parameter(alias=("-n", "--count"), validator=Number(gte=0))] = 20
    """How many, at most."""
    follow: Annotated[bool, Parameter(alias="-f", negative=())] = False
    """Go on showing new ones as they end."""
    wide: Annotated[bool, Parameter(negative=())] = False
    """Show every column, cut nothing."""
    json: Annotated[bool, Parameter(negative=())] = False
    """Print the journal's records, one JSON object a line."""
    verify: Annotated[bool, Parameter(negative=())] = False
    """Check the whole journal instead: everything begun has ended or is under way, and nothing ended twice."""


def register(app: App) -> None:
    """Add the command."""
    app.command(exchanges, name="exchanges")


def exchanges(
    config: ConfigPath = None, *, wanted: Wanted | None = None, view: View | None = None, journal: Path | None = None
) -> int:
    """List what has gone through the gateway, newest first.

    Reads the journal's files, so it works while the gateway runs and after it has stopped. For all that is known of one: headworks
    explain.

    Args:
        config: Which configuration.
        wanted: Which ones.
        view: How.
        journal: The journal's directory. Left out: as the configuration says.
    """
    directory = journal or directory_of(config)
    if not directory.is_dir():
        sys.stderr.write(f"There is no journal in {directory} yet. A gateway makes one as soon as it starts.\n")
        return Exit.FAILED
    view = view or View()
    try:
        if view.verify:
            return _verify(directory, view)
        if journal is None and config is None and not any(newest_first(directory, 0)):
            _say(
                f"This is the journal in {directory}, and it is empty. For another gateway's, add --config FILE or --journal DIR."
            )
        return _list(directory, wanted or Wanted(), view)
    except ValueError as misunderstood:
        sys.stderr.write(f"{misunderstood}\n")
        return Exit.USAGE
    except NewerSchemaError as newer:
        sys.stderr.write(f"The journal in {directory} was {newer}\n")
        return Exit.FAILED


def _list(directory: Path, wanted: Wanted, view: View) -> int:
    check_status(wanted.status)
    since = wanted.since_ns(SystemClock().wall_ns())
    tail = Tail.from_now(directory, _say)
    found = list(islice((each for each in newest_first(directory, since) if wanted.matches(each)), view.limit))
    show = printer(view)
    show(reversed(found) if view.follow else found)
    if view.follow:
        shown = {exchange.id for exchange in found}
        show(each for each in arrivals(tail, lambda: time.sleep(GLANCE)) if wanted.matches(each) and each.id not in shown)
    elif not found and not view.json:
        sys.stderr.write(f"No exchange in {directory} is like that.\n")
    return Exit.OK


def printer(view: View) -> Callable[[Iterable[Exchange]], None]:
    """What prints exchanges as they come, in the wanted form. Titles stand above the first."""
    if view.json:
        return _print_json
    console = Console(soft_wrap=True, highlight=False)
    seen = sys.stdout.isatty() or "COLUMNS" in os.environ
    rows = Rows(None if view.wide else console.width if seen else _WIDTH_OF_A_PIPE)
    titles: Text | None = rows.heading()

    def show(some: Iterable[Exchange]) -> None:
        nonlocal titles
        for exchange in some:
            if titles is not None:
                console.print(titles)
                titles = None
            console.print(rows.row(exchange))

    return show


def _print_json(some: Iterable[Exchange]) -> None:
    for exchange in some:
        sys.stdout.write(msgspec.json.encode(exchange).decode() + "\n")
        sys.stdout.flush()


def arrivals(tail: Tail, pause: Callable[[], None]) -> Iterator[Exchange]:
    """Exchanges as they end, for ever; `pause` is called when there is nothing new."""
    while True:
        yield from tail.poll()
        if tail.caught_up:
            pause()


def _verify(directory: Path, view: View) -> int:
    found = audit(directory)
    if view.json:
        print(msgspec.json.encode(found).decode())
        return Exit.OK if found.sound else Exit.FAILED
    _print_counts(found, directory)
    for trouble, ids in (
        ("begun by a process that is dead, and not ended (a recovery is due)", found.orphans),
        ("begun twice", found.twice_begun),
        ("ended twice", found.twice_ended),
    ):
        for id_ in ids[: view.limit]:
            print(f"  {id_} was {trouble}")
    print("sound" if found.sound else "NOT SOUND")
    return Exit.OK if found.sound else Exit.FAILED


def _print_counts(found: Audit, directory: Path) -> None:
    print(f"{_counted(found.segments, 'segment')} in {directory}")
    print(
        f"{_counted(found.begun, 'exchange')} begun = {found.ended - found.unbegun} ended + {found.inflight} under way"
        f" + {_counted(len(found.orphans), 'orphan')}"
    )
    killed = {0: "none of those ended was killed", 1: "1 of those ended was killed"}
    print(
        f"{found.unbegun} more {'was' if found.unbegun == 1 else 'were'} refused or answered before anything was sent; "
        f"{killed.get(found.killed, f'{found.killed} of those ended were killed')}; {_counted(found.skipped, 'line')} unreadable"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
