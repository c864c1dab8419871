"""What stands for a name that a caller gives to somebody, wherever anything is written down."""

from __future__ import annotations

from typing import Protocol


class References(Protocol):
    """The same name of the same organisation has the same reference, in every process; nobody can tell the name by it, nor that another
    organisation has somebody of that name. `organisation` is an id, empty for callers of the configuration.
    """

    def customer(self, organisation: str, name: str) -> str:
        """Of whom the caller serves: `cus_` and 24 hex digits."""
        ...

    def session(self, organisation: str, name: str) -> str:
        """Of what the caller takes together: `ses_` and 24 hex digits."""
        ...
