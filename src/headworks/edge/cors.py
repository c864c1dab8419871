"""Which web pages may call us, compiled once per configuration (Fetch standard, CORS protocol)."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from headworks.domain.reply import HeaderList
from headworks.domain.snapshot import Cors

_ANY = "*"


class CorsRules:
    """Answers for one `Cors` setting. Immutable."""

    def __init__(self, cors: Cors) -> None:
        self.source = cors
        self._origins = cors.origins
        self._headers = tuple(name.lower() for name in cors.headers)
        self._lines = b""
        if cors.credentials:
            self._lines += b"access-control-allow-credentials: true\r\n"
        if cors.expose:
            self._lines += f"access-control-expose-headers: {', '.join(cors.expose)}\r\n".encode()
        self._max_age = b"%d" % cors.max_age

    def lines(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Header lines for an answer to a request with `headers`."""
        if not self._origins:
            return b""
        origin = headers.get(b"origin")
        if origin is None or not self._allows(origin):
            return b"vary: origin\r\n"
        return b"access-control-allow-origin: %b\r\nvary: origin\r\n%b" % (origin, self._lines)

    def preflight(self, headers: Mapping[bytes, bytes], allow: bytes) -> HeaderList:
        """What an OPTIONS request that asks for permission is told, besides `lines`. Empty if it gets none."""
        origin = headers.get(b"origin")
        if origin is None or b"access-control-request-method" not in headers or not self._allows(origin):
            return []
        asked = headers.get(b"access-control-request-headers", b"").decode("latin-1").lower()
        granted = [name for name in (part.strip() for part in asked.split(",")) if name and self._passes(name)]
        return [
            (b"access-control-allow-methods", allow),
            (b"access-control-allow-headers", ", ".join(granted).encode("latin-1")),
            (b"access-control-max-age", self._max_age),
        ]

    def _allows(self, origin: bytes) -> bool:
        return _ANY in self._origins or origin.decode("latin-1") in self._origins

    def _passes(self, header: str) -> bool:
        return any(fnmatchcase(header, pattern) for pattern in self._headers)
