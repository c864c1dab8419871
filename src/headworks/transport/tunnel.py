"""CONNECT: asks a forward proxy for a way through to an origin."""

from __future__ import annotations

import asyncio

from headworks.domain.errors import Fault
from headworks.transport.proxy import ProxyAddress

LARGEST_HEAD = 16_384
_GRANTED = range(200, 300)
_ADVICE = {
    407: "it wants a valid user and password in its URL",
    403: "its rules forbid this host or port",
    502: "it could not reach that host itself",
    503: "it could not reach that host itself",
    504: "it could not reach that host itself",
}


class Tunnel(asyncio.Protocol):
    """The protocol of a connection to a proxy until the proxy has let us through. Made per dial, by the dialer."""

    __slots__ = ("_buffer", "_granted", "_host", "_proxy", "_refusal")

    def __init__(self, proxy: ProxyAddress, host: str, port: int) -> None:
        self._proxy = proxy
        self._host = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._buffer = b""
        self._granted: asyncio.Future[None] | None = None
        self._refusal: Fault | None = None

    async def open(self, transport: asyncio.Transport) -> None:
        """Ask, and wait for the answer. Raises `Fault` `proxy_failed`."""
        if self._refusal is not None:
            raise self._refusal
        self._granted = asyncio.get_running_loop().create_future()
        lines = [f"CONNECT {self._host} HTTP/1.1\r\nhost: {self._host}\r\n".encode()]
        if self._proxy.authorization:
            lines.append(b"proxy-authorization: %b\r\n" % self._proxy.authorization)
        transport.write(b"".join(lines) + b"\r\n")
        await self._granted

    def data_received(self, data: bytes) -> None:
        """The proxy's answer: a head, and nothing after it, for the next word is ours."""
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if blank:
            self._read(head, rest)
        elif len(self._buffer) > LARGEST_HEAD:
            self._refuse("its answer is too long")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - that it is gone is all there is to say
        """Gone before it answered."""
        self._refuse("it closed the connection")

    def _read(self, head: bytes, rest: bytes) -> None:
        version, _, reason = head.partition(b"\r\n")[0].partition(b" ")
        code = reason[:3]
        if not version.startswith(b"HTTP/1.") or not code.isdigit():
            self._refuse("it does not answer in HTTP; check its port")
        elif int(code) not in _GRANTED:
            self._refuse(f"it answered {int(code)}: {_ADVICE.get(int(code), 'see its log')}")
        elif rest:
            self._refuse("it spoke before we did")
        elif self._granted is not None and not self._granted.done():
            self._granted.set_result(None)

    def _refuse(self, why: str) -> None:
        self._refusal = Fault("proxy_failed", f"The proxy {self._proxy} gives no way to {self._host}: {why}.")
        if self._granted is not None and not self._granted.done():
            self._granted.set_exception(self._refusal)
