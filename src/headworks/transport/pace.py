"""How fast TLS handshakes follow one another. Each costs half a millisecond of the loop's time and more, and hundreds that begin together
would hold up every answer under way until the last of them is done.
"""

from __future__ import annotations

from headworks.ports.clock import Clock

GAP = 0.0015
"""Seconds from one handshake to the next: handshakes get half of the loop, answers the other."""
BURST = 8
"""That may begin together after a pause."""
LONGEST = 1.0
"""Seconds that one is put off at most: beyond that a slow answer is better than a dial that runs out of time."""


class Pace:
    """One per upstream; belongs to the loop."""

    __slots__ = ("_clock", "_next")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until a handshake may begin. In order of asking; cancelling it costs nobody more than one gap."""
        now = self._clock.now()
        at = min(max(self._next, now - (BURST - 1) * GAP), now + LONGEST)
        self._next = at + GAP
        if at > now:
            await self._clock.sleep(at - now)
