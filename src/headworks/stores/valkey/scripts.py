"""The server's side of the counters: Lua, sent once a connection and called by its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from headworks.stores.valkey.wire import Wire

_FOLDER = Path(__file__).with_name("lua")


class Script(msgspec.Struct, frozen=True):
    """One script with what all of them begin with."""

    text: bytes
    sha: str


class Scripts(msgspec.Struct, frozen=True):
    """All there are."""

    batch: Script
    join: Script
    reap: Script
    correct: Script
    disputed: Script
    rebuild: Script

    async def load(self, wire: Wire) -> None:
        """Make them known to the server. Raises `Denied`, `Severed`."""
        for name in self.__struct_fields__:
            await wire.call("SCRIPT", "LOAD", getattr(self, name).text)


def read_scripts() -> Scripts:
    """From the package's files."""
    first = (_FOLDER / "counters.lua").read_bytes()
    return Scripts(*(_script(first + (_FOLDER / f"{name}.lua").read_bytes()) for name in Scripts.__struct_fields__))


def _script(text: bytes) -> Script:
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())
