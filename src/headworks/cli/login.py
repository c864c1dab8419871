"""`headworks login`: keep an admin token for the commands that administer."""

from __future__ import annotations

import getpass
import os
import sys

import msgspec

from headworks.cli.administering import DEFAULT_URL, TOKEN, URL, Credentials, Url, credentials_path
from headworks.client import Client, Refused, Unreachable
from headworks.wiring.process_exits import Exit


def login(*, url: Url = None) -> int:
    """Try an admin token (`hwa-…`, made at POST /admin/v1/tokens) and keep it, readable by you alone. Asks for it unless
    HEADWORKS_ADMIN_TOKEN holds it.
    """
    address = url or os.environ.get(URL) or DEFAULT_URL
    token = os.environ.get(TOKEN) or getpass.getpass(f"Admin token for {address}: ").strip()
    try:
        with Client(address, token) as client:
            me = client.me()
    except (Refused, Unreachable, ValueError) as trouble:
        print(f"headworks: {trouble}", file=sys.stderr)
        return Exit.FAILED
    path = credentials_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(Credentials(address, token)))
    print(f"Logged in to {address} as {me.name}. The token is in {path}.")
    return Exit.OK


def logout() -> int:
    """Forget the token. Revoke it, too, where others may have seen it."""
    credentials_path().unlink(missing_ok=True)
    print("Logged out.")
    return Exit.OK
