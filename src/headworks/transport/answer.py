"""An answer's bytes → its head and pieces. httptools parses; what is not allowed is refused here. No sockets.

Strict where leniency could make two parties see two different answers: both Transfer-Encoding and Content-Length, more than one
length, any transfer coding but `chunked`, upgrades nobody asked for, heads and trailers beyond a limit.
"""

from __future__ import annotations

from collections.abc import Callable

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from headworks.domain.errors import Fault
from headworks.ports.upstream import Receiver
from headworks.transport.faults import garbage

Decode = Callable[[bytes], None]

_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})
_HEAD_METHOD = ord("H")
_PROXY_WANTS_PASSWORD = 407


class _SurplusError(Exception):
    """Bytes after the end of the answer."""


class AnswerReader:
    """One per connection, reused for its answers. `expect` starts one, `feed` pushes it into `sink`.

    `sink` may be exchanged at any moment, in the middle of a feed too. `begun` tells that the head has come, `complete` that the body ended as its framing says, and
    `reusable` that the connection can carry another exchange. `on_done` is not called: the connection does, once it has let go.
    """

    __slots__ = (
        "_bodyless",
        "_decode",
        "_encoding",
        "_framed",
        "_headers",
        "_interim",
        "_limit",
        "_parser",
        "_quiet",
        "_where",
        "begun",
        "complete",
        "proxied",
        "reusable",
        "sink",
        "status",
    )

    def __init__(self, where: str, decode: Decode) -> None:
        """`where` names the origin in faults; `decode` is told of a content coding, before the head goes out."""
        self._where = where
        self._decode = decode
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._limit = 0
        self._quiet = 0
        self._bodyless = False
        self._framed = False
        self._interim = False
        self._encoding = b""
        self.status = 0
        self.begun = False
        self.complete = False
        self.reusable = False
        self.proxied = False
        """A plain forward proxy answers in the origin's place, and may answer for itself."""
        self.sink: Receiver = NOBODY

    @property
    def silent(self) -> bool:
        """Not one byte of the answer has come."""
        return not self.begun and not self._quiet

    def expect(self, sink: Receiver, head: bytes, limit: int) -> None:
        """Begin to read the answer to the request that starts with `head`. `limit` is for its head, bytes."""
        self.sink = sink
        self.begun = self.complete = self.reusable = False
        self._quiet = self.status = 0
        self._limit = limit
        self._bodyless = head[0] == _HEAD_METHOD

    def feed(self, data: bytes) -> None:
        """Push what has come. Raises `Fault` `upstream_garbage`, and whatever `sink` raises."""
        parser = self._parser
        if parser is None:
            return
        self._quiet += len(data)
        try:
            parser.feed_data(data)
        except HttpParserCallbackError as error:
            if not self.complete:
                raise (error.__context__ or error) from None
            self.reusable = False
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise garbage(self._where, str(error)) from None
            self.reusable = False
        if self._quiet > self._limit and not self.complete:
            raise garbage(self._where, f"more than {self._limit} bytes of headers or chunk framing")

    def ends_with_connection(self) -> bool:
        """Whether the connection's end is the answer's: its head gave neither a length nor chunks."""
        return self.begun and not self._framed

    def close(self) -> None:
        """Let go of the parser, which holds on to us."""
        self.sink = NOBODY
        self._parser = None

    # ── httptools calls these ────────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        """The first byte of a status line."""
        if self.complete:
            raise _SurplusError
        self._headers = []
        self._framed = False
        self._encoding = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or trailer: those are dropped."""
        name = name.lower()
        self._headers.append((name, value))
        if name in _FRAMING and not self.begun:
            self._note_framing(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200:  # noqa: PLR2004 - HTTP's own number
            self._pass_over(status)
            return
        headers, self._headers = self._headers, []
        if self._quiet > self._limit:
            self._weigh(headers)
        if self.proxied and status == _PROXY_WANTS_PASSWORD:
            raise Fault("proxy_failed", "The proxy wants a valid user and password in its URL (it answered 407).")
        self.begun = True
        self.status = status
        self._quiet = 0
        if self._encoding:
            headers = [pair for pair in headers if pair[0] not in _FRAMING]
            self._decode(self._encoding)
        self.sink.on_head(status, headers)
        if self._bodyless:
            self.complete = True
            raise _SurplusError  # llhttp would wait for the body that such a head only describes

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._quiet = 0
        self.sink.on_body(data)

    def on_message_complete(self) -> None:
        """The end, by length or last chunk."""
        if self._interim:
            self._interim = False
            return
        assert self._parser is not None
        self.complete = True
        self.reusable = self._parser.should_keep_alive()

    def _note_framing(self, name: bytes, value: bytes) -> None:
        if name == b"content-encoding":
            if value.lower() not in {b"identity", b""}:
                self._encoding = value.lower()
            return
        if name == b"transfer-encoding" and (self._framed or value.lower() != b"chunked"):
            raise garbage(self._where, "a transfer coding other than chunked")
        self._framed = True

    def _pass_over(self, status: int) -> None:
        if status < 100 or status == 101:  # noqa: PLR2004 - HTTP's own numbers
            raise garbage(self._where, f"status {status}")
        self._interim = True

    def _weigh(self, headers: list[tuple[bytes, bytes]]) -> None:
        """The bytes read so far may hold some of the body: count those of the head alone."""
        if sum(len(name) + len(value) + 4 for name, value in headers) > self._limit:
            raise garbage(self._where, f"more than {self._limit} bytes of headers")


class _Nobody:
    """The sink of an answer that nobody wants any more."""

    def on_sent(self) -> None:
        """Nobody cares."""

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Nobody cares."""

    def on_body(self, data: bytes) -> None:
        """Nobody cares."""

    def on_done(self) -> None:
        """Nobody cares."""

    def on_fault(self, fault: Fault) -> None:
        """Nobody cares."""


NOBODY = _Nobody()
