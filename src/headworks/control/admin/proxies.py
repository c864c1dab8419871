"""Who sends a request, and whether over TLS, also where a proxy stands between: only proxies that were named are believed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_WITH_PORT = re.compile(r"\[(?P<six>[^]]*)\](:\d*)?|(?P<four>[\d.]+):\d*")
"""How some proxies write whom they forward: `203.0.113.7:51234`, `[2001:db8::1]:443`."""


class Sender(NamedTuple):
    """Whoever sends a request: its address, without a port and in one spelling, and whether all the way is TLS."""

    peer: str
    secure: bool


def sender_of(request: Request, proxies: Sequence[Network]) -> Sender:
    """The address nearest to us that is no named proxy's. What stands further away in the headers, anybody may have written."""
    peer = _spelt(request.client.host) if request.client else ""
    if not _is_one(peer, proxies):
        return Sender(peer, request.url.scheme == "https")
    way = _listed(request, "x-forwarded-for")
    while way and _is_one(peer, proxies):
        peer = _spelt(way.pop())
    schemes = _listed(request, "x-forwarded-proto")
    return Sender(peer, bool(schemes) and schemes[-1].lower() == "https")


def _listed(request: Request, header: str) -> list[str]:
    named = [each.strip() for line in request.headers.getlist(header) for each in line.split(",")]
    return [each for each in named if each]


def _spelt(peer: str) -> str:
    return str(address_of(peer) or peer)


def _is_one(peer: str, proxies: Sequence[Network]) -> bool:
    if not proxies:
        return False
    address = address_of(peer)
    return address is not None and any(address in network for network in proxies)


def address_of(peer: str) -> Address | None:
    """As a number, whether or not a port stands behind it; an IPv4 address in an IPv6 one's clothes as itself."""
    found = _WITH_PORT.fullmatch(peer)
    try:
        address = ipaddress.ip_address(found["six"] or found["four"] or "" if found else peer)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
