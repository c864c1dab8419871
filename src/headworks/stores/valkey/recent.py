"""What was spent lately: told again where the server has lost its counters and the ledger does not know it yet."""

from __future__ import annotations

from collections import deque

import msgspec

from headworks.domain.limits import Claim, Shape
from headworks.stores.valkey.acts import Act, Verb, entry_of

KEPT_NANOS = 10_000_000_000
"""How far the ledger may be behind."""
MOST = 200_000
"""Remembered while the server is away: the ledger goes on meanwhile, and has the oldest."""
LAG_NANOS = 2_000_000_000
"""How far the ledger is taken to be behind where it does not say."""
_LASTING = (Shape.COUNT, Shape.SLIDING)


class _Spending(msgspec.Struct, frozen=True):
    at: int
    call_id: str
    claims: tuple[Claim, ...]
    """With what was used as their amounts."""


class Recent:
    """Oldest first. Only what outlives the server's memory: rates do not."""

    def __init__(self) -> None:
        self._spendings: deque[_Spending] = deque()
        self._lost_at: int | None = None

    def add(self, at: int, call_id: str, claims: tuple[Claim, ...], used: tuple[int, ...]) -> None:
        """Remember what a call has used of its counters."""
        lasting = as_used(claims, used)
        if not lasting:
            return
        spendings = self._spendings
        spendings.append(_Spending(at, call_id, lasting))
        while len(spendings) > MOST or (self._lost_at is None and spendings[0].at < at - KEPT_NANOS):
            spendings.popleft()

    def lose(self, at: int) -> None:
        """The server is away: from now on forget nothing."""
        if self._lost_at is None:
            self._lost_at = at

    def recover(self) -> None:
        """The server is back, and knows everything."""
        self._lost_at = None

    def since(self, through: int | None) -> list[Act]:
        """What was spent after that instant. Without one, what was spent since a little before the server went away."""
        if through is None:
            through = (self._lost_at or 0) - LAG_NANOS
        return [_act(each.call_id, each.claims) for each in self._spendings if each.at > through]


def as_used(claims: tuple[Claim, ...], used: tuple[int, ...]) -> tuple[Claim, ...]:
    """The claims on counters that last, with what was used as their amounts."""
    return tuple(
        [
            msgspec.structs.replace(claim, amount=amount, least=-1, overflow="", rolling=None)
            for claim, amount in zip(claims, used, strict=True)
            if amount and claim.limit.shape in _LASTING
        ]
    )


def spent(call_id: str, claims: tuple[Claim, ...], used: tuple[int, ...]) -> Act | None:
    """An act that charges what nothing was held for."""
    lasting = as_used(claims, used)
    return _act(call_id, lasting) if lasting else None


def _act(call_id: str, lasting: tuple[Claim, ...]) -> Act:
    return (Verb.SPEND, call_id, [entry_of(claim) for claim in lasting])
