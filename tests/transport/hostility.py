"""A hostile server and a capricious taker, played from a string of bytes, against a connection without sockets.

Both the hypothesis test and the atheris target feed `play`. It raises `AssertionError` where a promise of the transport is broken:
nothing escapes, every exchange ends exactly once, nothing is told after the end, after `cancel`, or while paused, the slot comes back
exactly once, and what waits is never more than one read.
"""

from __future__ import annotations

import zlib

from headworks.domain.errors import Fault
from headworks.domain.target import Timeouts
from tests.transport.house import ORIGIN, request
from tests.transport.recorder import Recorder
from tests.transport.wired import Wired

_PACKER = zlib.compressobj(wbits=31)
_GZIP = _PACKER.compress(b"hello " * 400) + _PACKER.flush()

SNIPPETS = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 429 Slow Down\r\nretry-after: 1\r\n",
    b"HTTP/1.1 407 Proxy\r\n",
    b"content-length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"content-length: 18446744073709551615\r\n",
    b"transfer-encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"connection: close\r\n",
    b"content-encoding: gzip\r\n",
    b"content-encoding: br\r\n",
    b"x: " + b"y" * 3000 + b"\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b'1;ext="q"\r\nx\r\n' * 20,
    b"0\r\n\r\n",
    b"0\r\ntrailer: 1\r\n\r\n",
    b"FFFFFFFFFFFFFFFF\r\n",
    b"hello",
    _GZIP,
    b"%x\r\n%b\r\n" % (len(_GZIP), _GZIP),
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n",
    b"\x00\xff\x7f",
    b"\n",
)

PAUSE, RESUME, CANCEL, WAIT, ASK, FLIP = range(len(SNIPPETS), len(SNIPPETS) + 6)
RAW = FLIP + 1
"""From here on, an operation is a read of as many raw bytes as its number is above this."""


class Capricious(Recorder):
    """Does what it is told at its next call: 1 pauses, 2 cancels, 3 pauses and resumes."""

    def __init__(self) -> None:
        super().__init__()
        self.whim = 0
        self.deaf = False
        self.wired: Wired | None = None

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._listen()
        super().on_head(status, headers)
        self._indulge()

    def on_body(self, data: bytes) -> None:
        self._listen()
        super().on_body(data)
        self._indulge()

    def on_done(self) -> None:
        self._listen()
        super().on_done()

    def on_fault(self, fault: Fault) -> None:
        assert not self.deaf, "told after cancel"
        assert self.wired is None or not self.wired.line.paused or fault.code == "total_timeout", "told while paused"
        super().on_fault(fault)

    def _listen(self) -> None:
        assert not self.deaf, "told after cancel"
        assert self.wired is None or not self.wired.line.paused, "told while paused"

    def _indulge(self) -> None:
        whim, self.whim = self.whim, 0
        wired = self.wired
        if wired is None:
            return
        if whim in {1, 3}:
            wired.line.pause()
        if whim == 3:
            wired.line.resume()
        if whim == 2:
            self.deaf = True
            wired.line.cancel()


class Play:
    """One run. `bytes_read` is what the last read brought."""

    def __init__(self) -> None:
        self.told = Capricious()
        self.wired = Wired(self.told, request(ORIGIN, timeouts=Timeouts(), max_head_bytes=2000))
        self.told.wired = self.wired
        self.endings = 0

    def read(self, data: bytes) -> None:
        if not data:
            return
        self.wired.feed(data)
        backlog = self.wired.line.backlog
        if backlog is not None:
            assert len(backlog.calls) <= len(data) + 3, "more waits than one read can hold"

    def do(self, operation: int) -> None:
        wired, told = self.wired, self.told
        if operation == PAUSE:
            wired.line.pause()
        elif operation == RESUME:
            wired.line.resume()
        elif operation == CANCEL:
            told.deaf = True
            wired.line.cancel()
        elif operation == WAIT:
            wired.move(25.0)
        elif operation == FLIP:
            told.whim = (told.whim + 1) % 4
        elif operation == ASK:
            self.ask()

    def ask(self) -> None:
        """Use the connection again, if the last exchange left it usable."""
        wired = self.wired
        if wired.connection.closed or wired.connection._line is not None or wired.line.backlog is not None:
            return
        self.check()
        self.endings += 1
        wired.connection.freed_at = wired.now
        self.told = Capricious()
        wired.told = self.told
        wired.line = wired.ask(self.told, request(ORIGIN, timeouts=Timeouts(), max_head_bytes=2000))
        self.told.wired = wired

    def finish(self, error: Exception | None) -> None:
        wired = self.wired
        wired.end(error)
        for _ in range(len(wired.told.pieces) + 10_000):
            if not wired.line.paused:
                break
            self.told.whim = 0
            wired.line.resume()
        self.check()
        slots = len(wired.home.given_back) + len(wired.home.started_over)
        assert slots == self.endings + 1, "each exchange gives its slot back exactly once"
        assert not wired.troubles, wired.troubles
        assert len(wired.wheel) == 0, "a closed connection is not on the wheel"

    def check(self) -> None:
        told = self.told
        assert not told.objections, told.objections
        started_over = self.wired.line in self.wired.home.started_over
        if not told.deaf and not started_over:
            assert told.ending is not None, "it never ended"


def play(script: bytes) -> None:
    """The first byte says how it ends; the others are operations, see `SNIPPETS` and below."""
    run = Play()
    place = 1
    while place < len(script):
        operation = script[place]
        place += 1
        if operation < len(SNIPPETS):
            run.read(SNIPPETS[operation])
        elif operation < RAW:
            run.do(operation)
        else:
            length = operation - RAW
            run.read(script[place : place + length])
            place += length
    rude = bool(script) and script[0] % 2 == 1
    run.finish(ConnectionResetError() if rude else None)
