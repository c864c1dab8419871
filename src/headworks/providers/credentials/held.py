"""A credential for a time, and where signers look for that of now."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.providers.sigv4 import AwsKeys

_NANOSECONDS = 10**9


class Lease(msgspec.Struct, frozen=True):
    """A credential and when it ends: seconds since the epoch, None for never."""

    value: AwsKeys | str
    ends: float | None = None

    def __repr__(self) -> str:
        return f"<Lease until {self.ends}>"  # the value is secret


class Unobtainable(Exception):
    """Why a credential could not be had, in words for an operator that hold no secret."""


class Held:
    """What there is of one credential. Whoever keeps it puts leases in; a lease that has ended counts no more."""

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        self.lease: Lease | None = None
        self._wall_ns = wall_ns

    @property
    def value(self) -> AwsKeys | str | None:
        """That of now; None where there is none yet, or no more."""
        lease = self.lease
        if lease is None or (lease.ends is not None and lease.ends * _NANOSECONDS <= self._wall_ns()):
            return None
        return lease.value

    def keys(self) -> AwsKeys | None:
        """That of now, where it is of AWS."""
        value = self.value
        return value if isinstance(value, AwsKeys) else None

    def token(self) -> str | None:
        """That of now, where it is a token."""
        value = self.value
        return value if isinstance(value, str) else None


def unkept() -> Held:
    """One that nobody fills: for looking at a configuration."""
    return Held(lambda: 0)
