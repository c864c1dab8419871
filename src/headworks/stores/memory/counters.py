"""Limits and budgets of one process: exact, because the loop is one thread and reserving never waits."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.limits import after_taking, wait_for
from headworks.domain.money import Money
from headworks.domain.principal import Limits, Principal
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock
from headworks.ports.stores import Hold

MINUTE = 60.0


class Account(msgspec.Struct, gc=False):
    """What one principal has used. `requests_at` and `tokens_at` are theoretical arrival times (GCRA), monotonic seconds."""

    requests_at: float = 0.0
    tokens_at: float = 0.0
    concurrent: int = 0
    spent: int = 0
    held: int = 0


class MemoryCounters:
    """`ports.stores.Counters` for one gateway process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    async def reserve(self, call: Call, usage: Usage, cost_nanos: int) -> Hold | None:
        """All or nothing: every limit is looked at before any is charged."""
        principal = call.principal
        assert principal is not None
        limits = principal.limits
        if limits is NO_LIMITS or limits == NO_LIMITS:
            return None
        account = self._accounts.get(principal.id)
        if account is None:
            account = self._accounts[principal.id] = Account()
        now = self._clock.now()
        tokens = usage.input + usage.output
        _refuse(principal, limits, account, cost_nanos)
        requests_at, tokens_at = _rates(limits, account, tokens, now)
        account.requests_at = requests_at
        account.tokens_at = tokens_at
        account.concurrent += 1
        account.held += cost_nanos
        return _MemoryHold(principal, account, tokens, cost_nanos)

    def account(self, principal: Principal) -> Account:
        """What this principal has used so far."""
        return self._accounts.get(principal.id, Account())


NO_LIMITS = Limits()


def _refuse(principal: Principal, limits: Limits, account: Account, cost_nanos: int) -> None:
    if limits.concurrent is not None and account.concurrent >= limits.concurrent:
        raise Fault(
            "concurrency_limit_exceeded",
            f"This key may have {limits.concurrent} requests under way at once, and has. Wait for one to end.",
            retry_after=1.0,
        )
    _refuse_cost(principal, account, cost_nanos)


def _refuse_cost(principal: Principal, account: Account, cost_nanos: int) -> None:
    budget = principal.limits.budget_nanos
    if budget is not None and account.spent + account.held + cost_nanos > budget:
        raise Fault(
            "project_spend_limit_exceeded",
            f"The budget of '{principal.name or principal.id}' does not cover this request: {Money(account.spent)} of {Money(budget)} "
            f"are used, {Money(account.held)} are set aside for requests under way, and this one may cost up to {Money(cost_nanos)}. "
            "Ask for fewer output tokens (max_tokens), or have an administrator raise the budget.",
        )


def _rates(limits: Limits, account: Account, tokens: int, now: float) -> tuple[float, float]:
    """The arrival times after taking one request and so many tokens. Raises `Fault` before either is taken."""
    requests_at, tokens_at = account.requests_at, account.tokens_at
    most = limits.requests_per_minute
    if most is not None:
        wait = wait_for(1, requests_at, now, most, MINUTE)
        if wait > 0.0:
            raise _too_soon("rate_limit_exceeded", most, "requests", 1, wait)
        requests_at = after_taking(1, requests_at, now, most, MINUTE)
    most = limits.tokens_per_minute
    if most is not None:
        wait = wait_for(tokens, tokens_at, now, most, MINUTE)
        if wait > 0.0:
            raise _too_soon("token_limit_exceeded", most, "tokens", tokens, wait)
        tokens_at = after_taking(tokens, tokens_at, now, most, MINUTE)
    return requests_at, tokens_at


def _too_soon(code: str, limit: int, unit: str, amount: int, wait: float) -> Fault:
    return Fault(
        code,
        f"This key may use {limit} {unit} a minute, and this request needs {amount}. Try again in {wait:.1f} s.",
        retry_after=wait,
    )


class _MemoryHold:
    """Given back exactly once."""

    __slots__ = ("_account", "_cost", "_open", "_principal", "_tokens")

    def __init__(self, principal: Principal, account: Account, tokens: int, cost: int) -> None:
        self._principal = principal
        self._account = account
        self._tokens = tokens
        self._cost = cost
        self._open = True

    def extend(self, cost_nanos: int) -> None:
        """Hold more money, if the budget has it. Raises `Fault`."""
        if self._open:
            _refuse_cost(self._principal, self._account, cost_nanos)
            self._account.held += cost_nanos
            self._cost += cost_nanos

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace the reservation by what was used."""
        if not self._open:
            return
        self._open = False
        account, limits = self._account, self._principal.limits
        account.concurrent -= 1
        account.held -= self._cost
        account.spent += cost_nanos
        if limits.tokens_per_minute is not None:
            unused = self._tokens - usage.input - usage.output
            account.tokens_at -= unused * MINUTE / limits.tokens_per_minute
        if not counts and limits.requests_per_minute is not None:
            account.requests_at -= MINUTE / limits.requests_per_minute
