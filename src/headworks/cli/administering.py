"""What all commands that administer have in common: the control plane they talk to, and how they tell what came of it."""

from __future__ import annotations

import json as stdlib_json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from headworks.client import Client, Refused, Unreachable
from headworks.client.collections import Parties
from headworks.wiring.process_exits import Exit

TOKEN = "HEADWORKS_ADMIN_TOKEN"  # noqa: S105 - the variable's name
URL = "HEADWORKS_URL"
DEFAULT_URL = "http://127.0.0.1:4456"

Url = Annotated[
    str | None, Parameter(help=f"The control plane. Left out: {URL}, or where `headworks login` was, or {DEFAULT_URL}.")
]
Json = Annotated[bool, Parameter(help="Print JSON, for programs.")]


class Credentials(msgspec.Struct, frozen=True):
    """What `headworks login` keeps."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"<Credentials for {self.url}>"


def credentials_path() -> Path:
    """Where it keeps it, readable by this user only."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "headworks" / "login.json"


def kept_credentials() -> Credentials | None:
    """None where nobody has logged in, or the file is no longer what it was."""
    try:
        return msgspec.json.decode(credentials_path().read_bytes(), type=Credentials)
    except (OSError, msgspec.MsgspecError):
        return None


def administer(url: str | None, work: Callable[[Client], None]) -> int:
    """Do it, as whoever the token acts for. Answers the exit code; what went wrong is told on standard error."""
    kept = kept_credentials()
    address = url or os.environ.get(URL) or (kept.url if kept else DEFAULT_URL)
    token = os.environ.get(TOKEN) or (kept.token if kept and kept.url == address else "")
    if not token:
        print(
            f"headworks: nobody is logged in to {address}. Set {TOKEN}, or run: headworks login --url {address}",
            file=sys.stderr,
        )
        return Exit.USAGE
    try:
        with Client(address, token) as client:
            work(client)
    except ValueError as trouble:
        print(f"headworks: {trouble}", file=sys.stderr)
        return Exit.USAGE
    except Refused as refused:
        print(f"headworks: {refused.problem.title}. {refused}", file=sys.stderr)
        for mistake in refused.problem.errors:
            if mistake.line:
                print(f"{mistake.line}:{mistake.column}: {mistake.detail}", file=sys.stderr)
        return Exit.FAILED
    except Unreachable as trouble:
        print(f"headworks: {trouble}", file=sys.stderr)
        return Exit.UNAVAILABLE
    return Exit.OK


def tell(answer: msgspec.Struct, words: str, *, json: bool) -> None:
    """One answer."""
    print(msgspec.json.encode(answer).decode() if json else words)


def tell_all(answers: Iterable[msgspec.Struct], columns: Sequence[str], *, json: bool) -> None:
    """A list: a line for each, as JSON lines or in columns."""
    if json:
        for answer in answers:
            print(msgspec.json.encode(answer).decode())
        return
    rows = [columns, *([_cell(getattr(answer, column)) for column in columns] for answer in answers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def one_named(parties: Parties, kind: str, named: str) -> str:
    """The id of a party, given by its id or its name. Raises `ValueError` where that is none or several."""
    if "_" in named and len(named.rpartition("_")[2]) == 32:  # noqa: PLR2004 - hex digits of a UUID
        return named
    found = [party.id for party in parties.list(name=named)]
    if len(found) != 1:
        several = f"{len(found)} {kind}s are" if found else f"no {kind} is"
        raise ValueError(f"{several} called {named!r} within your reach. Give the id: headworks {kind}s list")
    return found[0]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else stdlib_json.dumps(value, default=str).strip('"')
