"""`headworks explain`: all that is known of one exchange, straight from the journal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from rich.console import Console

from headworks.cli.explain_page import page
from headworks.cli.settings import ConfigPath, directory_of
from headworks.stores.journal import NewerSchemaError, Story, find
from headworks.wiring.clock import SystemClock
from headworks.wiring.process_exits import Exit

ACCESS = "Say whether a key may ask a model, and which level or policy decides it."
SHORTEST = 6
"""Characters of an id: fewer fit nearly everything."""
_WIDTH_OF_A_PIPE = 120


def register(app: App) -> None:
    """Add the command."""
    app.command(explain, name="explain")


def explain(
    request_id: str,
    config: ConfigPath = None,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    journal: Path | None = None,
) -> int:
    """Tell the journey of one request: its stages with their times, what was tried and why, tokens and price.

    Args:
        request_id: The answer's x-request-id or the beginning of it, the client's own x-request-id, a trace id, or the provider's id
            of its answer or of a request that failed.
        config: Which configuration.
        json: Print the journal's records as one JSON object.
        journal: The journal's directory. Left out: as the configuration says.
    """
    directory = journal or directory_of(config)
    wanted = request_id.strip()
    if len(wanted) < SHORTEST:
        sys.stderr.write(f"{request_id!r} is too short: give at least {SHORTEST} characters of the id.\n")
        return Exit.USAGE
    try:
        stories = find(directory, wanted)
    except NewerSchemaError as newer:
        sys.stderr.write(f"The journal in {directory} was {newer}\n")
        return Exit.FAILED
    if len(stories) != 1:
        return _not_one(directory, wanted, stories)
    (story,) = stories
    if json:
        print(msgspec.json.encode(story).decode())
    else:
        console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE, highlight=False)
        console.print(page(story, SystemClock().wall_ns(), console.width))
    return Exit.OK


def _not_one(directory: Path, wanted: str, stories: list[Story]) -> int:
    if stories:
        sys.stderr.write(f"{len(stories)} exchanges are called {wanted}. Which one?\n")
        sys.stderr.write("".join(f"  headworks explain {story.id}\n" for story in stories[:20]))
    else:
        sys.stderr.write(
            f"No exchange in {directory} is called {wanted}.\n"
            "Ids are 32 hexadecimal digits: an answer's x-request-id header and error messages tell them, and headworks exchanges lists\n"
            "them. Segments older than journal.keep_days are deleted, and another gateway keeps its own journal: name it with --journal.\n"
        )
    return Exit.FAILED


def _command() -> App:
    app = App(name="explain")
    app.default(explain)
    app.command("headworks.cli.access:access", name="access", help=ACCESS)
    return app


COMMAND = _command()
"""`headworks explain REQUEST_ID`, and `headworks explain access`."""
