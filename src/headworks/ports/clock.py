"""Time and chance, injected."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...


class Chance(Protocol):
    """The only source of randomness. `random.Random` is one."""

    def random(self) -> float:
        """Uniform in 0 … 1."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """K random bits."""
        ...
