"""Lines of JSON without IO: bytes in any cuts → the lines complete by now."""

from __future__ import annotations

from headworks.dialects.sse import MAX_EVENT_BYTES
from headworks.domain.errors import Fault


class LineReader:
    """Reads one stream. Holds at most `max_line_bytes` (and one read) of a line that is not complete yet."""

    __slots__ = ("_held", "_max", "_size")

    def __init__(self, max_line_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_line_bytes
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines complete by now, blank ones left out. Raises `Fault` `upstream_too_large`."""
        if b"\n" not in data:
            self._hold(data)
            return []
        *lines, rest = b"".join((*self._held, data)).split(b"\n")
        self._held, self._size = [], 0
        self._hold(rest)
        return [line for line in lines if line.strip()]

    def close(self) -> list[bytes]:
        """The bytes are over: what is left is a line, too."""
        rest = b"".join(self._held)
        self._held, self._size = [], 0
        return [rest] if rest.strip() else []

    def _hold(self, piece: bytes) -> None:
        if not piece:
            return
        self._held.append(piece)
        self._size += len(piece)
        if self._size > self._max:
            raise Fault("upstream_too_large", f"The upstream sent a line of more than {self._max} bytes.")
