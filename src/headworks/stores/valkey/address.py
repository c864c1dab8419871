"""Where the shared server is: `valkey://user:password@host:6379/0`, `valkeys://` with TLS, `valkey+unix:///path/of.sock`."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

_PLAIN = frozenset(("valkey", "redis"))
_TLS = frozenset(("valkeys", "rediss"))
_UNIX = frozenset(("valkey+unix", "redis+unix", "unix"))
_PORT = 6379


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One server. With `path` it is a Unix socket and `host` is empty."""

    host: str = ""
    port: int = _PORT
    path: str = ""
    tls: bool = False
    user: str = ""
    password: str = ""
    database: int = 0

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Address {self}>"  # not the password


def read_address(url: str) -> Address:
    """The address that a URL names. Raises `ValueError` with what is wrong with it, without its password."""
    parts = urlsplit(url)
    if parts.scheme not in _PLAIN | _TLS | _UNIX:
        raise ValueError("begins with valkey://, valkeys:// (TLS) or valkey+unix://")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme in _UNIX:
        written = parse_qs(parts.query).get("database", ["0"])[0]
        return Address(path=parts.path, user=user, password=password, database=_database(written))
    if not parts.hostname:
        raise ValueError("names no host")
    return Address(
        host=parts.hostname,
        port=_port(parts.port),
        tls=parts.scheme in _TLS,
        user=user,
        password=password,
        database=_database(parts.path.strip("/") or "0"),
    )


def _port(written: int | None) -> int:
    return _PORT if written is None else written


def _database(written: str) -> int:
    if not written.isdecimal():
        raise ValueError("names its database by a number, such as valkey://host:6379/0")
    return int(written)
