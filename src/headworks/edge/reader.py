"""Bytes of one connection into requests: llhttp's callbacks, and limits on what it may be made to swallow."""

from __future__ import annotations

from collections import deque

import httptools

from headworks.domain.errors import Fault
from headworks.domain.snapshot import EdgeSettings
from headworks.edge.forms.body import FormBody
from headworks.edge.forms.headers import is_form
from headworks.edge.forms.spool import Room
from headworks.edge.repetition import Repetition
from headworks.edge.request import SINGLE, Request, inspect, is_upload, largest, malformed, too_large
from headworks.edge.websocket import asks_for_websocket

MAX_AHEAD = 16
"""Requests that a client may send before it has the answer to the first."""
MAX_CRUMBS = 100_000
CRUMB = 64
"""Bytes below which a part of a body counts as a crumb. Parsing costs time for each part, however small: a body of nothing else would
take many seconds.
"""
MOST_LESSONS = 20
"""Heads of one connection that are remembered in vain before none is any more."""

_TLS_HANDSHAKE = b"\x16"
_NOBODYS = Request()
"""Stands where no request is being read."""
_UPGRADE_HEADERS = (b"connection", b"upgrade", b"http2-settings")


class Reader:
    """One per connection. `ready` holds the requests whose heads are complete, oldest first; the last one's body may still be coming.

    After a request that could not be read (it comes last, with its `fault`) nothing of the connection is read any more.
    """

    __slots__ = (
        "_besides",
        "_crumbs",
        "_fed",
        "_fresh",
        "_headed",
        "_lessons",
        "_parser",
        "_repetition",
        "_room",
        "_since",
        "between",
        "broken",
        "ready",
        "request",
        "settings",
        "switched",
    )

    def __init__(self, settings: EdgeSettings, room: Room) -> None:
        self.settings = settings
        self._room = room
        self.ready: deque[Request] = deque()
        self.request = _NOBODYS
        """The one that bytes are coming of, unless `between`."""
        self.between = True
        """No byte has come of the next request."""
        self.broken = False
        self._headed = False
        self._fed = 0
        """Bytes of the piece that is being fed."""
        self._fresh = True
        """The piece began where a request ought to."""
        self._since = 0
        """Bytes since something came of them: the end of a head, a part of a body, the end of a request."""
        self._besides = 0
        """Bytes of the piece in which the request began, where others are in it too."""
        self._crumbs = 0
        """Parts of the body that were next to nothing."""
        self.switched: bytearray | None = None
        """What has come behind a request that changes the protocol, as long as nobody takes it."""
        self._parser = httptools.HttpRequestParser(self)
        self._repetition: Repetition | None = None
        self._lessons = MOST_LESSONS

    @property
    def ahead(self) -> bool:
        """Whether bytes have come of a request whose turn has not."""
        return bool(self.ready) or not (self.between or self._headed)

    def feed(self, data: bytes) -> None:
        """The next bytes, in any cut. Never raises for what a client may send."""
        if self.broken:
            return
        if self.switched is not None:
            self.switched += data
            return
        if self.between and self._is_repetition(data):
            return
        self._fed = len(data)
        self._since += self._fed
        fresh = self._fresh = self.between
        self._parse(data)
        if fresh and self.between and len(self.ready) == 1 and not self.broken:
            self._learn(self.ready[0], data)
        if self._since > self.settings.max_header_bytes and not self.broken:
            self._break(self._flooded())

    def refuse(self, fault: Fault) -> None:
        """Read no more: the request under way, or the next one, meets `fault`."""
        if not self.broken:
            self._break(fault)

    def end(self) -> None:
        """No more bytes will come. A request of which only a part has come is not one."""
        if not self.between and self._headed:
            self.request.body.fail(malformed("The connection ended before the request's body was complete."))
        self.broken = self.between = True

    def close(self) -> None:
        """The connection is over: let go of the parser, which holds on to us."""
        self.end()
        del self._parser

    # ── llhttp calls these ───────────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.request = Request()
        self.between = self._headed = False
        self._since = self._fed if self._fresh else 0
        self._besides = 0 if self._fresh else self._fed
        self._fresh = False
        if len(self.ready) >= MAX_AHEAD:
            raise Fault("invalid_request", f"More than {MAX_AHEAD} requests were sent ahead of their answers. Wait for some.")

    def on_url(self, piece: bytes) -> None:
        """A piece of the target."""
        self.request.target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header, or a trailer, which nobody needs."""
        if self._headed:
            return
        headers = self.request.headers
        name = name.lower()
        if name not in headers:
            headers[name] = value.strip()
            return
        if name in SINGLE:
            raise malformed(f"The header '{name.decode('latin-1')}' came twice. Which one counts?")
        headers[name] += b", " + value.strip()
        self.request.repeated += 1

    def on_headers_complete(self) -> None:
        """The head is there: the request is ready, or refused."""
        request, parser = self.request, self._parser
        request.method = parser.get_method()
        if self._besides + self._since > self.settings.max_header_bytes and request.weight > self.settings.max_header_bytes:
            raise self._flooded()
        inspect(request, parser.get_http_version(), self.settings)
        request.keep_alive = parser.should_keep_alive()
        if is_form(request.headers.get(b"content-type", b"")) and is_upload(request):
            request.body = self._form_of(request)
        if b"upgrade" in request.headers and parser.should_upgrade():
            self._upgrade(request)
        self._headed = True
        self._since = self._crumbs = 0
        self.ready.append(request)

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        body = self.request.body
        body.add(piece)
        if body.size > self.settings.max_body_bytes and body.size > largest(self.request, self.settings):
            raise too_large(self.request, self.settings)
        if len(piece) < CRUMB:
            self._crumbs += 1
            if self._crumbs > MAX_CRUMBS:
                raise malformed(f"The body came in more than {MAX_CRUMBS} chunks of under {CRUMB} bytes. Send larger ones.")
        self._since = 0

    def on_message_complete(self) -> None:
        """The request is there."""
        self.request.body.finish()
        self.request = _NOBODYS  # an idle connection must not keep a body in memory
        self.between = True
        self._since = 0

    # ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _form_of(self, request: Request) -> FormBody:
        """The body of an upload. Raises `Fault` for a form that nobody could read."""
        settings = self.settings
        length = request.headers.get(b"content-length")
        most = settings.max_upload_bytes if length is None else int(length)
        return FormBody(request.headers[b"content-type"], settings.upload_ahead_bytes, most, self._room)

    def _upgrade(self, request: Request) -> None:
        """It wants another protocol: a WebSocket where there is one; HTTP/2 is declined by going on; the rest is refused."""
        if not asks_for_websocket(request):
            _refuse_upgrade(request)
            return
        request.websocket = True
        request.keep_alive = False
        self.switched = bytearray()

    def _is_repetition(self, data: bytes) -> bool:
        """Whether `data` was one whole request like the last one: then it is ready, and the parser need not see it."""
        known = self._repetition
        if known is None or self.ready:
            return False
        request = known.again(data)
        if request is None:
            return False
        self._lessons = MOST_LESSONS
        self.ready.append(request)
        return True

    def _learn(self, request: Request, data: bytes) -> None:
        """Remember the head of a request that came whole. A client whose heads never repeat is not worth the trouble for long."""
        if self._lessons:
            self._lessons -= 1
            self._repetition = Repetition.of(request, data, self.settings)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.switched is not None:
                self.switched += data[upgrade.args[0] :]
                return
            self._parse(self._unupgraded() + data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            fault = error.__context__
            if not isinstance(fault, Fault):
                raise
            self._break(fault)
        except httptools.HttpParserError as error:
            self._break(self._explained(error, data))

    def _unupgraded(self) -> bytes:
        """The head of the request just read, without its wish to speak HTTP/2. The parser would take its body for that of another protocol."""
        request = self.ready.pop()
        self._parser = httptools.HttpRequestParser(self)
        lines = [b"%b: %b\r\n" % header for header in request.headers.items() if header[0] not in _UPGRADE_HEADERS]
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (request.method, request.target, b"".join(lines))

    def _break(self, fault: Fault) -> None:
        """Read no more."""
        self.broken = True
        if not self.between and self._headed:
            self.request.body.fail(fault)
        else:
            request = Request() if self.between else self.request
            request.fault = fault
            self.ready.append(request)
        self.between = True

    def _explained(self, error: httptools.HttpParserError, data: bytes) -> Fault:
        if data.startswith(_TLS_HANDSHAKE):
            return malformed("This port speaks plain HTTP, and a TLS handshake came. Use http:// instead of https://.")
        if self._parser.get_method() == b"PRI":
            return Fault("version_not_supported", "HTTP/2 is not spoken here, not even without TLS. Use HTTP/1.1.")
        return malformed(f"The request could not be read as HTTP/1.1: {error.args[0]}.")

    def _flooded(self) -> Fault:
        limit = self.settings.max_header_bytes
        if self._headed and not self.between:
            return malformed(f"More than {limit} bytes of chunk extensions or trailers came without any body.")
        return Fault(
            "headers_too_large", f"The request's head is larger than {limit} bytes (server.max_header_bytes). Send less."
        )


def _refuse_upgrade(request: Request) -> None:
    """HTTP/2 on a connection that began without it is declined by going on in HTTP/1.1, as its clients expect; the rest is refused."""
    wanted = request.headers[b"upgrade"]
    if wanted.lower() != b"h2c":
        raise Fault(
            "upgrade_refused",
            f"This request is not switched to '{wanted.decode('latin-1')[:40]}'. Use plain HTTP/1.1; a WebSocket is opened by a GET of "
            "/v1/realtime over HTTP/1.1, without a body.",
        )
