"""A target that was chosen, and whoever wants to know how the attempt goes."""

from __future__ import annotations

from typing import Protocol

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.reply import HeaderList
from headworks.domain.target import Target
from headworks.domain.usage import Usage


class Dispatch(Protocol):
    """Follows one attempt. Synchronous, and never raises. One that is never sent counts for nothing; one that is sent ends exactly once."""

    def sent(self) -> None:
        """The attempt starts: from now on the target has it to do."""
        ...

    def headed(self, status: int, headers: HeaderList) -> None:
        """The target answered something."""
        ...

    def began(self) -> None:
        """The first content of a streamed answer: the prompt has been read."""
        ...

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:
        """It is over. `usage` is what the provider itself has counted, where it has."""
        ...


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Where an attempt goes, and why: in words, empty where there was nothing to choose."""

    target: Target
    dispatch: Dispatch | None = None
    why: str = ""
