"""Counters of one process: exact, because the loop is one thread and reserving never waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from headworks.domain.limits import Claim, Counter, Exceeded, Standing, exceeded, used_columns
from headworks.domain.limits.counter import free, granted, idle, refused, resets_in, settle, take
from headworks.domain.limits.limit import TOKEN_UNITS, Unit
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock

KEPT_NANOS = 48 * 3600 * 1_000_000_000
"""A period's counter outlives it by so much: requests that began in it may end, and clocks may differ."""
SWEEP_EVERY = 64
"""Reservations between two looks at old counters."""
SWEPT = 32
"""Counters looked at each time: the more there are, the longer one lies idle, and no request waits for all of them."""
_TOLD = TOKEN_UNITS | {Unit.REQUESTS}


class Account(msgspec.Struct, gc=False):
    """A counter in use, and the latest claim on it."""

    counter: Counter
    claim: Claim
    holds: int = 0


class MemoryCounters:
    """`ports.stores.Counters` for one gateway process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._groups: dict[str, int] = {}
        self._holds: dict[str, MemoryHold] = {}
        self._restored: dict[str, int] = {}
        self._until_sweep = SWEEP_EVERY

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> MemoryHold:
        """All or nothing: every limit is looked at before any is charged. Never suspends."""
        hold = MemoryHold(self, call_id)
        hold.add(claims)
        self._holds[call_id] = hold
        self._until_sweep -= 1
        if not self._until_sweep:
            self._until_sweep = SWEEP_EVERY
            self._sweep()
        return hold

    def release(self, call_id: str) -> None:
        """Nothing is ever on its way here: what is held is known."""
        hold = self._holds.get(call_id)
        if hold is not None:
            hold.release()

    def correct(self, call_id: str, actual: Mapping[str, int]) -> None:
        """No hold here outlives its process: what the journal knows is told to `restore`."""

    def restore(self, spent: Mapping[str, int]) -> None:
        """Each is charged when its counter is first asked for."""
        self._restored.update(spent)

    def account(self, claim: Claim) -> Account:
        """The account that a claim goes to: its own, or where a grouped limit has too many, the one they share."""
        account = self._accounts.get(claim.counter)
        if account is not None:
            return account
        if claim.overflow:
            groups = self._groups.get(claim.overflow, 0)
            if groups >= claim.limit.most_groups:
                claim = msgspec.structs.replace(claim, counter=claim.overflow, overflow="")
                return self._accounts.get(claim.counter) or self._open(claim)
            self._groups[claim.overflow] = groups + 1
        return self._open(claim)

    def now(self) -> int:
        """Microseconds."""
        return int(self._clock.now() * 1_000_000)

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._clock.wall_ns()

    def closed(self, call_id: str) -> None:
        """A hold is settled."""
        self._holds.pop(call_id, None)

    def accounts(self) -> Iterable[Account]:
        """All counters in use."""
        return self._accounts.values()

    @property
    def open_holds(self) -> int:
        """Calls that have something set aside."""
        return len(self._holds)

    def __len__(self) -> int:
        return len(self._accounts)

    def __repr__(self) -> str:
        return f"<MemoryCounters {len(self._accounts)} counters · {len(self._holds)} holds>"

    def _open(self, claim: Claim) -> Account:
        account = self._accounts[claim.counter] = Account(Counter(), claim)
        spent = self._restored.pop(claim.counter, 0)
        if spent:
            now = self.now()
            take(claim.limit, account.counter, spent, now)
            settle(claim.limit, account.counter, (spent, now), spent, now)
        return account

    def _sweep(self) -> None:
        """Look at the counters that were looked at longest ago: drop what is idle, put the others at the end."""
        now, wall_ns = self.now(), self.wall_ns()
        accounts = self._accounts
        for _ in range(min(SWEPT, len(accounts))):
            name = next(iter(accounts))
            account = accounts.pop(name)
            claim = account.claim
            over = claim.ends_at + KEPT_NANOS < wall_ns if claim.ends_at else idle(claim.limit, account.counter, now)
            if account.holds or not over:
                accounts[name] = account
            elif claim.overflow:
                self._forget_group(claim.overflow)

    def _forget_group(self, overflow: str) -> None:
        left = self._groups[overflow] - 1
        if left:
            self._groups[overflow] = left
        else:
            del self._groups[overflow]


class MemoryHold:
    """Given back exactly once."""

    __slots__ = ("_call_id", "_counters", "_free", "_open", "_taken")

    def __init__(self, counters: MemoryCounters, call_id: str) -> None:
        self._counters = counters
        self._call_id = call_id
        self._taken: list[tuple[Claim, Account, int, int]] = []
        self._free: list[int] = []
        self._open = True

    @property
    def claims(self) -> tuple[Claim, ...]:
        """As granted."""
        return tuple(
            claim
            if amount == claim.amount and account.claim.counter == claim.counter
            else msgspec.structs.replace(claim, amount=amount, counter=account.claim.counter)
            for claim, account, amount, _ in self._taken
        )

    @property
    def standings(self) -> tuple[Standing, ...]:
        """As they are now: nothing can have come between when this is read at once."""
        now, wall_ns = self._counters.now(), self._counters.wall_ns()
        return _standings([(claim, account) for claim, account, _, _ in self._taken], now, wall_ns)

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Hold these too. Never suspends."""
        if self._open:
            self.add(claims)

    def add(self, claims: tuple[Claim, ...]) -> None:
        """Raises `Exceeded`, and then has taken nothing."""
        counters = self._counters
        now = counters.now()
        asked: list[tuple[Claim, Account, int, int]] = []
        refusing = False
        for claim in claims:
            account = counters.account(claim)
            amount = granted(claim, free(claim.limit, account.counter, now))
            refusing |= amount < 0
            asked.append((claim, account, amount, now))
        if refusing:
            raise _refusal(asked, now, counters.wall_ns())
        for claim, account, amount, _ in asked:
            take(claim.limit, account.counter, amount, now)
            account.holds += 1
        self._taken += asked

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace the reservation by what was used. Where a counter was extended, the use is charged once."""
        self._close(used_columns(usage, cost_nanos, counts=counts))

    def release(self) -> None:
        """Nothing was used."""
        self._close(_NOTHING)

    def _close(self, used: tuple[int, ...]) -> None:
        if not self._open:
            return
        self._open = False
        now = self._counters.now()
        seen: set[str] = set()
        for claim, account, amount, taken_at in self._taken:
            first = claim.counter not in seen
            seen.add(claim.counter)
            settle(claim.limit, account.counter, (amount, taken_at), used[claim.limit.column] if first else 0, now)
            account.holds -= 1
        self._counters.closed(self._call_id)


_NOTHING = (0, 0, 0, 0, 0, 0)


def _refusal(asked: list[tuple[Claim, Account, int, int]], now: int, wall_ns: int) -> Exceeded:
    """Of the limits that refuse, the one that refuses longest."""
    worst: Exceeded | None = None
    longest = -1.0
    for claim, account, amount, _ in asked:
        if amount < 0:
            reason, wait = refused(claim, account.counter, now, wall_ns)
            rank = wait or float("inf")
            if rank > longest:
                longest = rank
                worst = exceeded(claim, reason, wait, free(claim.limit, account.counter, now))
    assert worst is not None
    worst.standings = _standings([(claim, account) for claim, account, _, _ in asked], now, wall_ns)
    return worst


def _standings(claims: list[tuple[Claim, Account]], now: int, wall_ns: int) -> tuple[Standing, ...]:
    return tuple(
        Standing(claim.limit, max(0, free(claim.limit, account.counter, now)), resets_in(claim, account.counter, now, wall_ns))
        for claim, account in claims
        if claim.limit.unit in _TOLD
    )
