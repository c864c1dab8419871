"""Dialing: name → address → TCP → proxy → TLS. Whatever goes wrong or is cancelled on the way leaves nothing open behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest

from headworks.domain.errors import Fault
from headworks.domain.target import Origin
from headworks.transport.dialled import Dialled
from headworks.transport.faults import closed_at_once, dial_fault, handshake_fault, proxied
from headworks.transport.pace import Pace
from headworks.transport.proxy import ProxyAddress, parse_proxy
from headworks.transport.tls import Contexts
from headworks.transport.tunnel import Tunnel

Dial = Callable[[Origin, Dialled], Awaitable[None]]
"""Connects a fresh connection. Raises `Fault` (Unreachable). The deadline is the caller's: it cancels."""

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]

STAGGER = 0.25
"""Seconds that one address of a host may keep us before the next is tried beside it (RFC 8305)."""
KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""A model may think for minutes without a byte: routers on the way must not forget us. Names as this system has them."""
_OURS_IS_THE_DEADLINE = 86_400.0


class Dialer:
    """The real `Dial`. One per upstream."""

    __slots__ = ("_contexts", "_pace")

    def __init__(self, contexts: Contexts, pace: Pace) -> None:
        self._contexts = contexts
        self._pace = pace

    async def __call__(self, origin: Origin, connection: Dialled) -> None:
        """See `Dial`."""
        proxy = parse_proxy(origin.proxy) if origin.proxy else None
        first = Tunnel(proxy, origin.host, origin.port) if proxy is not None and origin.secure else connection
        raw = await _reach(origin, proxy, first)
        try:
            transport = raw
            if proxy is not None:
                transport = await self._pass(proxy, first, raw)
            if origin.secure:
                transport = await self._wrap(transport, connection, origin, str(origin))
        except BaseException:
            raw.abort()
            raise
        if transport.is_closing():
            raise closed_at_once(origin)
        if proxy is not None and not origin.secure:
            connection.through_proxy(*_absolute(origin, proxy))
        connection.ready(transport, raw)

    async def _pass(self, proxy: ProxyAddress, first: Tunnel | Dialled, raw: asyncio.Transport) -> asyncio.Transport:
        """Through the proxy."""
        transport = raw
        if proxy.secure:
            itself = Origin("https", proxy.host, proxy.port)
            try:
                transport = await self._wrap(raw, first, itself, str(proxy))
            except Fault as fault:
                raise proxied(fault, str(proxy)) from fault
        if isinstance(first, Tunnel):
            await first.open(transport)
        return transport

    async def _wrap(
        self, transport: asyncio.Transport, protocol: asyncio.Protocol, origin: Origin, where: str
    ) -> asyncio.Transport:
        """TLS over `transport`."""
        tls = origin.tls
        context = await self._contexts.of(tls)
        await self._pace.turn()
        if transport.is_closing():  # it spoke or closed before us; uvloop would raise where nobody hears it
            raise handshake_fault(ConnectionResetError(), where)
        try:
            wrapped = await asyncio.get_running_loop().start_tls(
                transport,
                protocol,
                context,
                server_hostname=tls.server_name or origin.host,
                ssl_handshake_timeout=_OURS_IS_THE_DEADLINE,
            )
        except (OSError, ValueError) as error:
            raise handshake_fault(error, where) from error
        if wrapped is None or wrapped.is_closing():
            raise handshake_fault(ConnectionResetError(), where)
        return wrapped


async def _reach(origin: Origin, proxy: ProxyAddress | None, protocol: asyncio.Protocol) -> asyncio.Transport:
    """A TCP connection to the proxy or the origin."""
    place = origin if proxy is None else proxy
    try:
        addresses = await _resolve(place.host, place.port)
        sock = await _first_to_answer(addresses)
        # From here on the transport owns the socket, whatever happens.
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=sock)
    except (OSError, UnicodeError) as error:
        fault = dial_fault(error, str(place))
        raise (fault if proxy is None else proxied(fault, str(proxy))) from error
    return transport


async def _resolve(host: str, port: int) -> list[Address]:
    """The host's addresses, the families alternating as RFC 8305 wants."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    leading = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    return [one for one in chain.from_iterable(zip_longest(leading, others)) if one is not None]


async def _first_to_answer(addresses: Sequence[Address]) -> socket.socket:
    """A socket connected to the first address that answers. Raises the first address's error where none does."""
    if len(addresses) == 1:
        return await _connect(addresses[0])
    waiting = list(reversed(addresses))
    tries: list[asyncio.Task[socket.socket]] = []
    winner: asyncio.Task[socket.socket] | None = None
    try:
        while winner is None and (waiting or not all(one.done() for one in tries)):
            if waiting:
                tries.append(asyncio.create_task(_connect(waiting.pop())))
            pending = [one for one in tries if not one.done()]
            await asyncio.wait(pending, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            winner = next((one for one in tries if one.done() and one.exception() is None), None)
    finally:
        for one in tries:
            if one is not winner:
                one.add_done_callback(_close_late)
                one.cancel()
    return (winner or tries[0]).result()


def _close_late(late: asyncio.Task[socket.socket]) -> None:
    """What an attempt that is no longer needed has connected all the same."""
    if not late.cancelled() and late.exception() is None:
        late.result().close()


async def _connect(address: Address) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _absolute(origin: Origin, proxy: ProxyAddress) -> tuple[bytes, bytes]:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    authorization = b"proxy-authorization: %b\r\n" % proxy.authorization if proxy.authorization else b""
    return f"http://{host}:{origin.port}".encode(), authorization
