"""Who sends a request, and whether over TLS, also where a proxy stands between: only proxies that were named are believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Sender(NamedTuple):
    """Whoever sends a request: its address, and whether all the way is TLS."""

    peer: str
    secure: bool


def sender_of(request: Request, proxies: Sequence[Network]) -> Sender:
    """The address nearest to us that is no named proxy's. What stands further away in the headers, anybody may have written."""
    peer = request.client.host if request.client else ""
    if not _is_one(peer, proxies):
        return Sender(peer, request.url.scheme == "https")
    way = [each.strip() for line in request.headers.getlist("x-forwarded-for") for each in line.split(",")]
    while way and _is_one(peer, proxies):
        peer = way.pop()
    schemes = [each.strip() for line in request.headers.getlist("x-forwarded-proto") for each in line.split(",")]
    return Sender(peer, bool(schemes) and schemes[-1].lower() == "https")


def _is_one(peer: str, proxies: Sequence[Network]) -> bool:
    if not proxies:
        return False
    address = address_of(peer)
    return address is not None and any(address in network for network in proxies)


def address_of(peer: str) -> Address | None:
    """As a number; an IPv4 address in an IPv6 one's clothes as itself."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
