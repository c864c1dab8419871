"""Where a rollout stands, as far as a gateway needs to know."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

Unit = Literal["session", "user", "key", "request"]
"""What stays with one version: each falls back on the next where a request does not tell it."""
_ALL = 1 << 64


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One rollout, by its `id`. `number` is raised by every change of the record."""

    id: str
    model: str
    baseline: str
    candidate: str
    others: tuple[str, ...] = ()
    """Further candidates: with them, all arms serve as many units each."""
    share: float = 0.0
    """The part of all units that the candidates serve, 0 to 1."""
    salt: str = ""
    unit: Unit = "session"
    step: int = 0
    shadow: float = 0.0
    """The part of all requests that is asked of the candidate besides, its answer thrown away."""
    state: str = ""
    number: int = 0

    def leads(self, live: str) -> bool:
        """Whether it still says who serves, the configuration's live version being this one: what was promoted says so until the
        configuration has come after it, or gone elsewhere.
        """
        return self.state != "promoted" or live == self.baseline


def assigned(position: Position, unit: str) -> str:
    """The version that a unit belongs to: the same for the same salt. Raising the share only adds units to the candidate; of several
    candidates one that is taken out moves nobody but its own units.
    """
    if position.others and position.share:
        arms = (position.baseline, position.candidate, *position.others)
        return max(arms, key=lambda arm: _drawn(position.salt, f"{unit}\n{arm}"))
    return position.candidate if _drawn(position.salt, unit) < position.share * _ALL else position.baseline


def _drawn(salt: str, unit: str) -> int:
    drawn = hashlib.blake2b(unit.encode(), key=salt.encode()[:64], digest_size=8).digest()
    return int.from_bytes(drawn)
