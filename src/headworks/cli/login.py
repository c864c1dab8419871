"""`headworks login`: keep an admin token for the commands that administer."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from headworks.cli.administering import DEFAULT_URL, TOKEN, URL, Credentials, Url, credentials_path
from headworks.cli.passwords import read_password
from headworks.client import Client, Refused, Unreachable
from headworks.client.signing_in import token_by_password, token_by_ticket
from headworks.domain.administration.wire.people import TokenMade
from headworks.files import write_whole
from headworks.wiring.clock import SystemClock
from headworks.wiring.process_exits import Exit

_DAYS = 30


def login(
    *,
    name: str = "",
    password_file: Path | None = None,
    sso: bool = False,
    provider: str = "",
    days: int = _DAYS,
    url: Url = None,
) -> int:
    """Keep an admin token, readable by you alone: one that you have (HEADWORKS_ADMIN_TOKEN, or it is asked for), or a new one.

    Args:
        name: Sign in under this name, with the password that is asked for, and make a token.
        password_file: A file whose first line is that password; /dev/stdin reads it from a pipe.
        sso: Sign in through an identity provider, in a browser that is opened, and make a token.
        provider: Which one, where there are several.
        days: How long the new token is good; where your roles come of the provider's claims, no longer than these count.
        url: The control plane.
    """
    address = url or os.environ.get(URL) or DEFAULT_URL
    try:
        _look_for(address)
        made = _made(address, name, password_file, provider, days) if name or sso else None
        token = made.secret if made is not None else _given(address)
        with Client(address, token) as client:
            me = client.me()
    except EOFError:
        print(f"headworks: nobody is here to type. Set {TOKEN}, or run this in a terminal.", file=sys.stderr)
        return Exit.FAILED
    except (Refused, Unreachable, ValueError, TimeoutError) as trouble:
        print(f"headworks: {trouble}", file=sys.stderr)
        return Exit.FAILED
    path = credentials_path()
    write_whole(path, msgspec.json.encode(Credentials(address, token)))
    until = f", good until {made.token.expires_at:%Y-%m-%d} (--days)" if made is not None else ""
    print(f"Logged in to {address} as {me.name}. The token is in {path}{until}.")
    return Exit.OK


def _look_for(address: str) -> None:
    """Ask for nothing before there is somebody to send it to. Raises `Unreachable`."""
    with Client(address, "") as stranger, suppress(Refused):
        stranger.me()


def _given(address: str) -> str:
    return os.environ.get(TOKEN) or typed(f"Admin token for {address}: ").strip()


def typed(asked: str) -> str:
    """What is not shown while it is typed; from a pipe, its first line. Raises `EOFError` where there is none."""
    if sys.stdin.isatty():
        return getpass.getpass(asked)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _made(address: str, name: str, password_file: Path | None, provider: str, days: int) -> TokenMade:
    if days < 1:
        raise ValueError("--days must be 1 or more.")
    ends = datetime.fromtimestamp(SystemClock.wall_ns() // 1_000_000_000, UTC) + timedelta(days=days)
    label = f"headworks login on {socket.gethostname()}"
    if name:
        asked = f"Password of {name} at {address}: "
        password = typed(asked) if password_file is None else read_password(asked, password_file)
        return token_by_password(address, name, password, label=label, expires_at=ends)
    from headworks.cli.login_browser import ticket_by_browser  # noqa: PLC0415 - a server and what speaks to providers, for this alone

    return token_by_ticket(address, ticket_by_browser(address, provider), label=label, expires_at=ends)


def logout() -> int:
    """Forget the token. Revoke it, too, where others may have seen it."""
    credentials_path().unlink(missing_ok=True)
    print("Logged out.")
    return Exit.OK
