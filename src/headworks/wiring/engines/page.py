"""One page of an engine, taken whole."""

from __future__ import annotations

import asyncio

from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts
from headworks.ports.upstream import Outgoing, Upstream

_TIMEOUTS = Timeouts(connect=1.0, first_byte=1.0, idle=1.0, total=2.0, pool=1.0)
_MOST = 4_194_304
_CONNECTIONS = 65_536
"""Questions go out, however many connections requests hold."""
_GOOD = 200


class NoPage(Exception):
    """Why not."""


async def ask(upstream: Upstream, origin: Origin, path: str, headers: bytes) -> bytes:
    """GET it. Raises `Fault` where it is not had within two seconds, and `NoPage` for anything but a plain 200 of at most 4 MiB."""
    head = f"GET {path} HTTP/1.1\r\n".encode() + headers + b"\r\n"
    taker = _Taker()
    line = await upstream.open(
        Outgoing(origin=origin, head=head, body=b"", timeouts=_TIMEOUTS, max_connections=_CONNECTIONS), taker
    )
    try:
        return await taker.whole
    finally:
        line.cancel()  # which does nothing where the answer has ended


class _Taker:
    """A `Receiver` that keeps everything."""

    def __init__(self) -> None:
        self.whole: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._body = bytearray()

    def on_sent(self) -> None:
        """Nothing to do."""

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:  # noqa: ARG002 - the port's
        """Only one status is a page."""
        if status != _GOOD:
            self._fail(NoPage(f"status {status}"))

    def on_body(self, data: bytes) -> None:
        """Keep it."""
        if len(self._body) + len(data) > _MOST:
            self._fail(NoPage("its page is longer than 4 MiB"))
        else:
            self._body += data

    def on_done(self) -> None:
        """All of it has come."""
        if not self.whole.done():
            self.whole.set_result(bytes(self._body))

    def on_fault(self, fault: Fault) -> None:
        """No more will come."""
        self._fail(fault)

    def _fail(self, trouble: Exception) -> None:
        if not self.whole.done():
            self.whole.set_exception(trouble)
