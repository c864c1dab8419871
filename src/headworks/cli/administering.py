"""What all commands that administer have in common: the control plane they talk to, their flags, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import Parameter

from headworks.cli.refusals import refusal_lines
from headworks.client import Client, Refused, Unreachable
from headworks.wiring.process_exits import Exit

TOKEN = "HEADWORKS_ADMIN_TOKEN"  # noqa: S105 - the variable's name
URL = "HEADWORKS_URL"
DEFAULT_URL = "http://127.0.0.1:4456"

Url = Annotated[
    str | None, Parameter(help=f"The control plane. Left out: {URL}, or where `headworks login` was, or {DEFAULT_URL}.")
]
Json = Annotated[bool, Parameter(help="Print JSON, for programs.", negative=())]
Names = Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)]
Item = TypeVar("Item")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asking:
    """Flags of every command that administers."""

    url: Url = None
    json: Json = False


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Listing(Asking):
    """Flags of lists."""

    limit: Annotated[int | None, Parameter(help="How many at most. Left out: all.")] = None

    def cut(self, found: Iterable[Item]) -> Iterable[Item]:
        """No more than that many. Raises `ValueError` for less than one."""
        if self.limit is not None and self.limit < 1:
            raise ValueError("--limit must be 1 or more.")
        return islice(found, self.limit)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Writing(Asking):
    """Flags of what is done once."""

    idempotency_key: Annotated[
        str | None, Parameter(help="16 to 255 characters: the same command with the same one is done once within a day.")
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Removing(Asking):
    """Flags of what cannot be undone."""

    yes: Annotated[bool, Parameter(help="Really: what is removed does not come back.", negative=())] = False

    def confirm(self, what: str) -> None:
        """Raises `ValueError` where nobody said so."""
        if not self.yes:
            raise ValueError(f"{what} would be gone for good. To remove it, add --yes")


ASKING, LISTING, WRITING, REMOVING = Asking(), Listing(), Writing(), Removing()
"""Without any flag."""


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
        print(*refusal_lines(refused), sep="\n", file=sys.stderr)
        return Exit.FAILED
    except Unreachable as trouble:
        print(f"headworks: {trouble}", file=sys.stderr)
        return Exit.UNAVAILABLE
    return Exit.OK
