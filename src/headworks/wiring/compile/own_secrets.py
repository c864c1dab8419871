"""Secrets of the installation itself. With the pepper anybody could sign in as anybody, and whoever writes a configuration, which may send
what it refers to anywhere, need not own the installation: so no configuration refers to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from os.path import realpath
from pathlib import PurePath

VARIABLES = frozenset(
    (
        "HEADWORKS_PEPPER",
        "HEADWORKS_MASTER_KEY",
        "HEADWORKS_AUDIT_KEY",
        "HEADWORKS_ADMIN_TOKEN",
        *(f"{vault}_{what}" for vault in ("VAULT", "BAO") for what in ("TOKEN", "ROLE_ID", "SECRET_ID")),
    )
)
FILES = frozenset(("pepper", "master-key", "login.json"))
"""What they are called in the data directory, and where `headworks login` keeps its token."""
_PROCESSES = "/proc"
"""Where the environment of a process is a file."""


def is_own_file(name: str, env: Mapping[str, str]) -> bool:
    """Whether one of them is in this file, by whatever way the name leads there."""
    file = PurePath(realpath(name))
    return file.name in FILES or file.is_relative_to(_PROCESSES) or str(file) in _named(env)


def _named(env: Mapping[str, str]) -> frozenset[str]:
    """Files that the environment keeps them in."""
    written = (part.strip() for variable in VARIABLES for part in env.get(variable, "").split(","))
    return frozenset(realpath(part.removeprefix("file:")) for part in written if part.startswith("file:"))
