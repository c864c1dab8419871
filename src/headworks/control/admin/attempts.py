"""How often a wrong password may be tried: strictly for a name from one address and for an address, loosely for a name from everywhere."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_network

from headworks.control.admin.proxies import address_of
from headworks.domain.limits.rates import after_taking, given_back, wait_for
from headworks.ports.clock import Clock

PER_NAME_AND_PEER = 10
PER_PEER = 30
PER_NAME = 200
"""From all addresses that the name has never signed in from: whoever tries for long keeps its owner out of new places only."""
PERIOD = 900 * 1_000_000
"""Microseconds."""
_MOST = 10_000
_NEIGHBOURS = 64
"""Bits that all IPv6 addresses of one customer have in common: each has more of them than could ever be counted."""
_Key = tuple[str, str]
"""Name and place; either may be empty: any."""


class Attempts:
    """Counts what failed, over a quarter of an hour, in the memory of this process: the least recent ones are forgotten beyond some number."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._drained_at: OrderedDict[_Key, int] = OrderedDict()  # GCRA: theoretical arrival times, microseconds
        self._known: OrderedDict[_Key, int] = OrderedDict()  # which names have signed in from where, and when

    def wait(self, name: str, peer: str) -> int:
        """Seconds until this name may be tried again from this address; 0: now. Without a name, the address alone counts."""
        now = self._now()
        waits = (wait_for(1, self._drained_at.get(key, 0), now, most, PERIOD) for key, most in self._counted(name, peer))
        return math.ceil(max(*waits, 0) / 1_000_000)

    def failed(self, name: str, peer: str) -> None:
        """It was the wrong one. To be said before trying: many at once are counted, too."""
        now = self._now()
        for key, most in self._counted(name, peer):
            _put(self._drained_at, key, after_taking(1, self._drained_at.get(key, 0), now, most, PERIOD))

    def succeeded(self, name: str, peer: str) -> None:
        """It was the right one: this name's failures from there are forgiven, and of what others share this try is taken back."""
        now, own = self._now(), (name.casefold(), _place_of(peer))
        for key, most in self._counted(name, peer):
            self._drained_at[key] = given_back(1, self._drained_at.get(key, 0), now, now, most, PERIOD)
        if name:
            self._drained_at.pop(own, None)
            _put(self._known, own, now)

    def _counted(self, name: str, peer: str) -> Iterator[tuple[_Key, int]]:
        place = _place_of(peer)
        yield ("", place), PER_PEER
        if name:
            own = name.casefold(), place
            yield own, PER_NAME_AND_PEER
            if own not in self._known:
                yield (own[0], ""), PER_NAME

    def _now(self) -> int:
        return int(self._clock.now() * 1_000_000)


def _place_of(peer: str) -> str:
    address = address_of(peer)
    if address is None or isinstance(address, IPv4Address):
        return str(address or peer)
    return str(ip_network((address, _NEIGHBOURS), strict=False))


def _put(remembered: OrderedDict[_Key, int], key: _Key, value: int) -> None:
    remembered[key] = value
    remembered.move_to_end(key)
    while len(remembered) > _MOST:
        remembered.popitem(last=False)
