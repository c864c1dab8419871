"""What resolving a key or a token gives, and what it takes. Apart from what does it: that of tokens is loaded only where one is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from typing import Protocol

import msgspec

from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot

Fetch = Callable[[str], Awaitable[bytes]]
"""GET of an address. Follows no redirect, bounds size and time; raises `OSError` where there is no 200."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, as of which change, and until when that may be remembered (monotonic seconds)."""

    principal: Principal
    as_of: int
    until: float = inf
    revision: str = ""
    """Of a token, the configuration that judged it."""


class Judge(Protocol):
    """Of tokens."""

    async def resolve(self, token: bytes, snapshot: Snapshot) -> Resolved:
        """Whom it speaks for. Raises `Fault` and `gate.Lost`."""
        ...
