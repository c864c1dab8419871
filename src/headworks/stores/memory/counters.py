"""Counters of one process: exact, because the loop is one thread and reserving never waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

import msgspec

from headworks.domain.limits import Claim, Counter, Exceeded, Standing, exceeded, spread, used_columns
from headworks.domain.limits.counter import free, granted, idle, left_over, refused, resets_in, settle, take
from headworks.domain.limits.limit import Shape
from headworks.domain.limits.rates import after_taking
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock

KEPT_NANOS = 48 * 3600 * 1_000_000_000
"""A period's counter outlives it by so much: requests that began in it may end, and clocks may differ."""
SWEEP_EVERY = 64
"""Reservations between two looks at old counters."""
SWEPT = 32
"""Counters looked at each time: the more there are, the longer one lies idle, and no request waits for all of them."""


class Account(Counter, kw_only=True, gc=False):
    """A counter in use, and the claim that opened it."""

    claim: Claim
    shared: bool = False
    """By the groups that a limit has too many of."""


Taken = tuple[Claim, Account, int, int]
"""The claim, where it was taken, how much (-1: it is refused), and when."""


class MemoryCounters:
    """`ports.stores.Counters` for one gateway process."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self.wall_ns = clock.wall_ns
        """Nanoseconds since the epoch."""
        self._accounts: dict[str, Account] = {}
        self._groups: dict[str, int] = {}
        self._holds: dict[str, MemoryHold] = {}
        self._restored: dict[str, int] = {}
        self._until_sweep = SWEEP_EVERY

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> MemoryHold:
        """The same as `grant`, for nothing is waited for."""
        return self.grant(call_id, claims)

    def grant(self, call_id: str, claims: tuple[Claim, ...]) -> MemoryHold:
        """All or nothing: every limit is looked at before any is charged."""
        hold = MemoryHold(self, call_id, self._accounts)
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
                account.spent += units
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
                claim = claim.shared()
                return self._accounts.get(claim.counter) or self._open(claim, shared=True)
            self._groups[claim.overflow] = groups + 1
        return self._open(claim)

    def before(self, claim: Claim, account: Account) -> Counter | None:
        """Of a claim that goes to `account` and rolls over: the counter of the period before; None where nothing was used of it.

        A group that had none of its own then may have shared one with others: all of that counts against each of them.
        """
        rolling = claim.rolling
        if rolling is None or not rolling.counter:
            return None
        own = None if account.shared else self._known(rolling.counter)
        return own or (self._known(rolling.overflow) if rolling.overflow else None)

    def _known(self, name: str) -> Counter | None:
        account = self._accounts.get(name)
        if account is None and name in self._restored:
            return Counter(spent=self._restored[name])
        return account

    def now(self) -> int:
        """Microseconds."""
        return int(self._now() * 1_000_000)

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
        account = self._accounts[claim.counter] = Account(claim=claim, shared=shared)
        spent = self._restored.pop(claim.counter, 0)
        if spent:
            now = self.now()
            take(claim.limit, account, spent, now)
            settle(claim.limit, account, spent, now, spent, now)
        return account

    def _sweep(self) -> None:
        """Look at the counters that were looked at longest ago: drop what is idle, put the others at the end."""
        now, wall_ns = self.now(), self.wall_ns()
        accounts = self._accounts
        # Names all at once: each look at the beginning of a table walks over what was taken from there before.
        for name in list(islice(accounts, SWEPT)):
            account = accounts.pop(name)
            claim = account.claim
            over = claim.ends_at + KEPT_NANOS < wall_ns if claim.ends_at else idle(claim.limit, account, now)
            if account.held or not over:
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

    __slots__ = ("_accounts", "_call_id", "_counters", "_extended", "_open", "_taken", "claims")

    def __init__(self, counters: MemoryCounters, call_id: str, accounts: dict[str, Account]) -> None:
        self._counters = counters
        self._call_id = call_id
        self._accounts = accounts
        self._taken: list[Taken] = []
        self._extended = False
        self._open = True
        self.claims: tuple[Claim, ...] = ()

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Right after the latest claims."""
        return _standings(self._taken, self._counters)

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Hold what is not held of these. Never suspends."""
        if self._open:
            self._extended = True
            self._judged(self._beyond(claims))

    def add(self, claims: tuple[Claim, ...]) -> None:
        """Raises `Exceeded`, and then has taken nothing."""
        if not self._all(claims):
            self._judged([(claim, self._counters.account(claim)) for claim in claims])

    def _all(self, claims: tuple[Claim, ...]) -> bool:
        """Take them if each is of a plain counter, of a rate, or of what rolls over, that has all of it: most are, and every request
        comes by.

        The sums are worked out here, not in `domain.limits.counter`, which says the same. Of a rate so much is free as leaves its
        arrival time within a period from now.
        """
        counters, known = self._counters, self._accounts.get
        now = counters.now()
        asked: list[Taken] = []
        arrivals: list[int] = []
        for claim in claims:
            limit, amount = claim.limit, claim.amount
            account = known(claim.counter) or counters.account(claim)
            if limit.plain:
                arrivals.append(account.at)
                if amount > limit.amount - account.spent - account.held or account.shared:
                    return False
            elif limit.shape is _RATE:
                arrival = after_taking(amount, account.at, now, limit.amount, limit.micros)
                arrivals.append(arrival)
                if arrival - now > limit.micros or account.shared:
                    return False
            elif claim.rolling is not None:
                arrivals.append(account.at)
                at_hand = limit.amount - account.spent - account.held + left_over(claim, counters.before(claim, account))
                if amount > at_hand or account.shared:
                    return False
            else:
                return False
            asked.append((claim, account, amount, now))
        for (_, account, amount, _), arrival in zip(asked, arrivals, strict=True):
            account.held += amount
            account.at = arrival
        self.claims += claims
        self._taken += asked
        return True

    def _beyond(self, claims: tuple[Claim, ...]) -> list[tuple[Claim, Account]]:
        """What is not held yet, and where: a group stays where it was put, and another of this call's may share its counter."""
        put = {claim.counter: granted.counter for (claim, *_), granted in zip(self._taken, self.claims, strict=True)}
        more: list[tuple[Claim, Account]] = []
        for claim in claims:
            account = self._accounts.get(put.get(claim.counter, "")) or self._counters.account(claim)
            held = sum(here.amount for here in self.claims if here.counter == account.claim.counter)
            if claim.amount > held:
                more.append((msgspec.structs.replace(claim, amount=claim.amount - held), account))
        return more

    def _judged(self, claims: Iterable[tuple[Claim, Account]]) -> None:
        """Take what is granted of each, or nothing."""
        counters = self._counters
        now = counters.now()
        asked: list[Taken] = []
        for claim, account in claims:
            at_hand = free(claim.limit, account, now) + left_over(claim, counters.before(claim, account))
            asked.append((claim, account, granted(claim, at_hand), now))
        if any(amount < 0 for _, _, amount, _ in asked):
            raise _refusal(asked, counters)
        for claim, account, amount, _ in asked:
            take(claim.limit, account, amount, now)
        self.claims += tuple(map(_as_granted, asked))
        self._taken += asked

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace the reservation by what was used."""
        if self._open:
            self._close(used_columns(usage, cost_nanos, counts=counts))

    def release(self) -> None:
        """Nothing was used."""
        if self._open:
            self._close(_NOTHING)

    def _close(self, used: tuple[int, ...]) -> None:
        self._open = False
        now = self._counters.now()
        shares = spread(self.claims, used) if self._extended else ()
        for place, (claim, account, amount, at) in enumerate(self._taken):
            limit = claim.limit
            spent = shares[place] if shares else used[limit.column]
            if limit.plain:
                account.held -= amount
                account.spent += spent
            elif spent == amount and limit.shape is _RATE:
                account.held -= amount
            else:
                settle(limit, account, amount, at, spent, now)
        self._counters.closed(self._call_id)


_NOTHING = (0, 0, 0, 0, 0, 0)
_RATE = Shape.RATE


def _as_granted(taken: Taken) -> Claim:
    claim, account, amount, _ = taken
    if account.shared:
        claim = claim.shared()
    return claim if amount == claim.amount else msgspec.structs.replace(claim, amount=amount)


def _refusal(asked: list[Taken], counters: MemoryCounters) -> Exceeded:
    """Of the limits that refuse, the one that refuses longest. Nothing was taken: all that was free still is."""
    worst: Exceeded | None = None
    longest = -1.0
    for claim, account, amount, now in asked:
        if amount < 0:
            before = counters.before(claim, account)
            reason, wait = refused(claim, account, now, counters.wall_ns(), before)
            rank = wait or float("inf")
            if rank > longest:
                longest, carried = rank, left_over(claim, before)
                worst = exceeded(claim, reason, wait, free(claim.limit, account, now) + carried, carried)
    assert worst is not None
    worst.standings = _standings(asked, counters)
    return worst


def _standings(taken: list[Taken], counters: MemoryCounters) -> tuple[Standing, ...]:
    wall_ns = counters.wall_ns()
    standings: list[Standing] = []
    for claim, account, _, now in taken:
        limit = claim.limit
        if limit.told:
            left = max(0, free(limit, account, now))
            standings.append(Standing(limit, left, resets_in(claim, account, now, wall_ns)))
    return tuple(standings)
