"""What the dialer connects."""

from __future__ import annotations

import asyncio


class Dialled(asyncio.Protocol):
    """The protocol of a connection to an origin, before and after the dialer has put its layers under it."""

    __slots__ = ()

    closed: bool

    def ready(self, transport: asyncio.Transport, raw: asyncio.Transport) -> None:
        """All layers stand. `raw` is the TCP under `transport`."""
        raise NotImplementedError

    def through_proxy(self, origin: bytes, authorization: bytes) -> None:
        """A plain forward proxy relays what is asked: it wants `origin` before the path, and `authorization` (a header line, or nothing)."""
        raise NotImplementedError
