"""Counters of one process: exact, because the loop is one thread and reserving never waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from headworks.domain.limits import Claim, Counter, Exceeded, Standing, exceeded, used_columns
from headworks.domain.limits.counter import free, granted, idle, refused, resets_in, settle, take
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock

KEPT_NANOS = 48 * 3600 * 1_000_000_000
"""A period's counter outlives it by so much: requests that began in it may end, and clocks may differ."""
SWEEP_EVERY = 64
"""Reservations between two looks at old counters."""
SWEPT = 32
"""Counters looked at each time: the more there are, the longer one lies idle, and no request waits for all of them."""


class Account(msgspec.Struct, gc=False):
    """A counter in use, and the latest claim on it."""

    counter: Counter
    claim: Claim
    holds: int = 0
    shared: bool = False
    """By the groups that a limit has too many of."""


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
        """Each is charged at once, or when its counter is first asked for. What is told later is added."""
        restored = self._restored
        for name, units in spent.items():
            account = self._accounts.get(name)
            if account is not None:
                account.counter.spent += units
            else:
                restored[name] = restored.get(name, 0) + units

    def account(self, claim: Claim) -> Account:
        """The account that a claim goes to: its own, or where a grouped limit has too many, the one they share."""
        account = self._accounts.get(claim.counter)
        if account is not None:
            return account
        if claim.overflow:
            groups = self._groups.get(claim.overflow, 0)
            if groups >= claim.limit.most_groups:
                claim = msgspec.structs.replace(claim, counter=claim.overflow, overflow="")
                return self._accounts.get(claim.counter) or self._open(claim, shared=True)
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

    def _open(self, claim: Claim, *, shared: bool = False) -> Account:
        account = self._accounts[claim.counter] = Account(Counter(), claim, shared=shared)
        spent = self._restored.pop(claim.counter, 0)
        if spent:
            now = self.now()
            take(claim.limit, account.counter, spent, now)
            settle(claim.limit, account.counter, spent, now, spent, now)
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


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What a hold has of one account."""

    claim: Claim
    account: Account
    amount: int
    """-1: it is refused."""
    at: int
    left: int
    """Free after it; of a refused one, free now."""


class MemoryHold:
    """Given back exactly once."""

    __slots__ = ("_call_id", "_counters", "_extended", "_open", "_taken", "claims")

    def __init__(self, counters: MemoryCounters, call_id: str) -> None:
        self._counters = counters
        self._call_id = call_id
        self._taken: list[Taken] = []
        self._extended = False
        self._open = True
        self.claims: tuple[Claim, ...] = ()

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Right after the latest claims."""
        return _standings(self._taken, self._counters)

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Hold these too. Never suspends."""
        if self._open:
            self._extended = True
            self.add(claims)

    def add(self, claims: tuple[Claim, ...]) -> None:
        """Raises `Exceeded`, and then has taken nothing."""
        counters = self._counters
        now = counters.now()
        asked: list[Taken] = []
        as_asked = True
        refusing = False
        for claim in claims:
            account = counters.account(claim)
            at_hand = free(claim.limit, account.counter, now)
            amount = granted(claim, at_hand)
            if amount != claim.amount or account.shared:
                as_asked = False
                refusing = refusing or amount < 0
            asked.append(Taken(claim, account, amount, now, at_hand - amount if amount > 0 else at_hand))
        if refusing:
            raise _refusal(asked, counters)
        for taken in asked:
            account = taken.account
            take(taken.claim.limit, account.counter, taken.amount, now)
            account.holds += 1
        self.claims += claims if as_asked else tuple(map(_as_granted, asked))
        self._taken += asked

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace the reservation by what was used."""
        self._close(used_columns(usage, cost_nanos, counts=counts))

    def release(self) -> None:
        """Nothing was used."""
        self._close(_NOTHING)

    def _close(self, used: tuple[int, ...]) -> None:
        if not self._open:
            return
        self._open = False
        now = self._counters.now()
        if self._extended:
            self._close_extended(used, now)
        else:
            for taken in self._taken:
                limit, account = taken.claim.limit, taken.account
                settle(limit, account.counter, taken.amount, taken.at, used[limit.column], now)
                account.holds -= 1
        self._counters.closed(self._call_id)

    def _close_extended(self, used: tuple[int, ...], now: int) -> None:
        """A counter that was claimed twice is charged once."""
        charged: set[str] = set()
        for taken in self._taken:
            limit, account = taken.claim.limit, taken.account
            name = account.claim.counter
            settle(limit, account.counter, taken.amount, taken.at, 0 if name in charged else used[limit.column], now)
            charged.add(name)
            account.holds -= 1


_NOTHING = (0, 0, 0, 0, 0, 0)


def _as_granted(taken: Taken) -> Claim:
    return msgspec.structs.replace(taken.claim, amount=taken.amount, counter=taken.account.claim.counter)


def _refusal(asked: list[Taken], counters: MemoryCounters) -> Exceeded:
    """Of the limits that refuse, the one that refuses longest."""
    worst: Exceeded | None = None
    longest = -1.0
    for taken in asked:
        if taken.amount < 0:
            reason, wait = refused(taken.claim, taken.account.counter, taken.at, counters.wall_ns())
            rank = wait or float("inf")
            if rank > longest:
                longest = rank
                worst = exceeded(taken.claim, reason, wait, taken.left)
    assert worst is not None
    worst.standings = _standings([_untaken(taken) for taken in asked], counters)
    return worst


def _untaken(taken: Taken) -> Taken:
    """Nothing was charged: all that was free still is."""
    return msgspec.structs.replace(taken, left=taken.left + max(taken.amount, 0))


def _standings(taken: list[Taken], counters: MemoryCounters) -> tuple[Standing, ...]:
    standings: list[Standing] = []
    wall_ns = counters.wall_ns()
    for each in taken:
        limit = each.claim.limit
        if limit.told:
            wait = resets_in(each.claim, each.account.counter, each.at, wall_ns)
            standings.append(Standing(limit, max(each.left, 0), wait))
    return tuple(standings)
