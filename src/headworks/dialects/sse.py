"""Server-sent events without IO: bytes in any cuts → events, and events → bytes. Knows nothing of what the events mean."""

from __future__ import annotations

import msgspec

from headworks.domain.errors import Fault

_BOM = b"\xef\xbb\xbf"
MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Default bound of one event: what a parser holds at most."""
MOST_LINES = 100_000
"""Of one event: each takes more room than its letters."""

_BLANKS = (b"\n\n", b"\r\n\r\n", b"\r\r")
"""What ends an event."""
_LONGEST_BLANK = max(map(len, _BLANKS))


def is_document(data: bytes) -> bool:
    """Whether an answer that begins like this is one JSON document instead of a stream of events."""
    return data.lstrip()[:1] in {b"{", b"["}


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: its data lines joined by LF, and its name, empty where the stream gave none."""

    data: bytes
    event: str = ""


class SseParser:
    """Reads one stream by the rules of the HTML standard: LF, CR or CRLF, comments, a BOM, several data lines.

    One per stream. Holds at most `max_event_bytes` (and one read) of an event that is not complete yet.
    """

    __slots__ = ("_after_cr", "_at_start", "_data", "_event", "_max", "_partial", "_said", "_waiting")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._partial: list[bytes] = []
        self._data: list[bytes] = []
        self._event = ""
        self._said = 0
        """Bytes in `_data`."""
        self._waiting = 0
        """Bytes in `_partial`."""
        self._after_cr = False
        self._at_start = True

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events complete by now. Raises `Fault` `upstream_too_large`."""
        if self._after_cr and data:
            self._after_cr = False
            if data.startswith(b"\n"):  # the CR before it has ended the line already
                data = data[1:]
        if b"\n" not in data and b"\r" not in data:
            self._hold(data)
            return []
        text = b"".join((*self._partial, data))
        self._partial.clear()
        self._waiting = 0
        lines = text.splitlines()
        self._after_cr = text.endswith(b"\r")
        if not text.endswith((b"\n", b"\r")):
            self._hold(lines.pop())
        return self._take(lines)

    def close(self) -> list[SseEvent]:
        """The bytes are over: an event that lacks only its blank line (some servers forget it after the last one)."""
        lines = [b"".join(self._partial), b""]
        self._partial.clear()
        return self._take(lines)

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._partial.append(piece)
            self._waiting += len(piece)
            self._bound()

    def _say(self, value: bytes) -> None:
        self._data.append(value)
        self._said += len(value)
        self._bound()

    def _bound(self) -> None:
        if self._said + self._waiting > self._max or len(self._data) > MOST_LINES:
            raise Fault("upstream_too_large", f"The upstream sent a stream event of more than {self._max} bytes.")

    def _take(self, lines: list[bytes]) -> list[SseEvent]:
        events: list[SseEvent] = []
        if self._at_start and lines:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_BOM)
        for line in lines:
            if not line:
                if self._data:
                    events.append(SseEvent(b"\n".join(self._data), self._event))
                    self._data.clear()
                    self._said = 0
                self._event = ""
            else:
                self._line(line)
        return events

    def _line(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._say(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"error":  # not in the standard, but how llama.cpp and its kin say that they failed
            self._event = "error"
            self._say(value)


class WholeEvents:
    """Bytes of a stream in any cuts → the same bytes, cut where events end. Holds at most `MAX_EVENT_BYTES`, and one read."""

    __slots__ = ("_held", "_seam", "_size")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._seam = b""
        """The end of what is held, where a blank line may have begun. All before it has been looked through."""

    def feed(self, data: bytes) -> bytes:
        """The events complete by now. Raises `Fault` `upstream_too_large`."""
        if not self._held and data.endswith(b"\n\n"):
            return data
        self._held.append(data)
        self._size += len(data)
        if self._size > MAX_EVENT_BYTES:
            raise Fault("upstream_too_large", f"The upstream sent a stream event of more than {MAX_EVENT_BYTES} bytes.")
        seen = self._seam + data
        end = max(seen.rfind(blank) + len(blank) if blank in seen else 0 for blank in _BLANKS)
        self._seam = seen[max(end, len(seen) - _LONGEST_BLANK + 1) :]
        if not end:
            return b""
        whole = b"".join(self._held)
        end += len(whole) - len(seen)
        self._held = [whole[end:]] if end < len(whole) else []
        self._size = len(whole) - end
        return whole[:end]

    def close(self) -> bytes:
        """What is left: an event that lacks its end."""
        rest = b"".join(self._held)
        self._held, self._seam = [], b""
        return rest


def write_event(data: bytes, event: str = "") -> bytes:
    """One event as bytes. Data of several lines (LF) becomes several data lines."""
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    if event:
        return b"event: %b\ndata: %b\n\n" % (event.encode(), data)
    return b"data: %b\n\n" % data


def write_comment(text: str = "") -> bytes:
    """A sign of life that every client ignores."""
    return b": %b\n\n" % text.encode()
