"""How often a wrong password may be tried: per name, and per address."""

from __future__ import annotations

import math
from collections import OrderedDict

from headworks.domain.limits.rates import after_taking, wait_for
from headworks.ports.clock import Clock

PER_NAME = 10
PER_PEER = 30
PERIOD = 900 * 1_000_000
"""Microseconds."""
_MOST = 10_000


class Attempts:
    """Counts what failed, over a quarter of an hour, in the memory of this process: the least recent ones are forgotten beyond some number."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._drained_at: OrderedDict[str, int] = OrderedDict()  # GCRA: theoretical arrival times, microseconds

    def wait(self, name: str, peer: str) -> int:
        """Seconds until this name may be tried again from this address; 0: now."""
        now = self._now()
        waits = (wait_for(1, self._drained_at.get(key, 0), now, most, PERIOD) for key, most in _counted(name, peer))
        return math.ceil(max(*waits, 0) / 1_000_000)

    def failed(self, name: str, peer: str) -> None:
        """It was the wrong one. To be said before trying: many at once are counted, too."""
        now = self._now()
        for key, most in _counted(name, peer):
            self._drained_at[key] = after_taking(1, self._drained_at.pop(key, 0), now, most, PERIOD)
        while len(self._drained_at) > _MOST:
            self._drained_at.popitem(last=False)

    def succeeded(self, name: str, peer: str) -> None:
        """It was the right one: what went before is forgiven."""
        for key, _ in _counted(name, peer):
            self._drained_at.pop(key, None)

    def _now(self) -> int:
        return int(self._clock.now() * 1_000_000)


def _counted(name: str, peer: str) -> tuple[tuple[str, int], ...]:
    return (f"name {name.casefold()}", PER_NAME), (f"peer {peer}", PER_PEER)
