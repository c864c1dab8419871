"""`headworks password`, and how passwords are asked for."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import ASKING, Asking, administer
from headworks.cli.telling import tell
from headworks.client import Client
from headworks.domain.administration.wire.people import NewPassword

PasswordFile = Annotated[
    Path | None,
    Parameter(help="A file whose first line is the new password; /dev/stdin reads it from a pipe. Left out: asked for."),
]
OldPasswordFile = Annotated[
    Path | None, Parameter(help="A file whose first line is the password of before. Left out: asked for.")
]


def change(*, password_file: PasswordFile = None, old_password_file: OldPasswordFile = None, asking: Asking = ASKING) -> int:
    """Change your own password. All your sessions end; admin tokens stay good. The token alone is not enough: the old one is asked for."""

    def work(client: Client) -> None:
        name = client.me().name
        old = read_password(f"Password of {name}", old_password_file)
        new = read_password(f"New password of {name}", password_file)
        me = client.change_password(NewPassword(old=old, new=new))
        tell(me, f"The password of {me.name} is changed.", json=asking.json)

    return administer(asking.url, work)


def read_password(asked: str, file: Path | None) -> str:
    """What somebody types, or the first line of a file. Raises `ValueError` for one that cannot be read."""
    if file is None:
        return getpass.getpass(f"{asked}: ")
    try:
        with file.open(encoding="utf-8") as written:
            return written.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ValueError(f"{file} cannot be read: {trouble}") from None
