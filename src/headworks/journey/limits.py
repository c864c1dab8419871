"""Set aside before, settle after: requests, tokens, concurrency, money."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Call, Kind
from headworks.domain.charges import counts
from headworks.domain.facts import Facts
from headworks.domain.limits import Claim, Demand, Exceeded, Periods, claims_of
from headworks.domain.outcome import Outcome
from headworks.domain.plan import Plan
from headworks.domain.reply import Reply
from headworks.domain.usage import NO_USAGE, Usage
from headworks.journey.pricing import at_most, whole_nanos
from headworks.ports.stage import Proceed
from headworks.ports.stores import Counters, Hold


class Limits:
    """Reserves for the dearest eligible target, and lets go when the exchange is over, however it ended."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._periods = Periods()

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Refuses what a limit forbids; that costs the caller nothing."""
        if call.ask is None:
            return await proceed(call)
        tally = call.tally
        usage, cost = _reservation(call)
        tally.reserved = usage
        tally.reserved_nanos = cost
        debt = _Debt(call, self._counters, self._periods)
        claims = debt.claims_for(call.plan)
        if claims:
            await debt.incur(claims)
        tally.extend = debt.extend
        return await proceed(call)


class _Debt:
    """What one call owes its limits: from before it asks the counters, so that it can be cancelled while they are asked."""

    __slots__ = ("_call", "_counters", "_hold", "_owed", "_periods")

    def __init__(self, call: Call, counters: Counters, periods: Periods) -> None:
        self._call = call
        self._counters = counters
        self._periods = periods
        self._hold: Hold | None = None
        self._owed = False

    def claims_for(self, plan: Plan | None) -> tuple[Claim, ...]:
        """What the call claims where it is served by that plan."""
        call = self._call
        principal, ask = call.principal, call.ask
        assert principal is not None
        if not principal.limits:
            return ()
        assert ask is not None
        assert plan is not None
        tally = call.tally
        usage = tally.reserved
        demand = Demand(
            models=(plan.model.name,) if plan is not call.plan else (ask.model, plan.model.name),
            value_of=_Values(call, plan).of,
            input=usage.input,
            output=usage.output,
            cost=tally.reserved_nanos,
            currency=plan.currency,
        )
        return claims_of(principal.limits, demand, call.at, self._periods)

    async def incur(self, claims: tuple[Claim, ...]) -> None:
        """Hold them. Raises `Fault`, and then nothing is held."""
        call = self._call
        if not self._owed:
            self._owed = True
            call.closing.settle(self._settle)
        try:
            self._hold = await self._counters.reserve(call.id, claims)
        except Exceeded:
            self._owed = False
            raise
        call.tally.claims = self._hold.claims

    async def extend(self, plan: Plan) -> None:
        """Hold what being served by a fallback claims beyond what is held. Raises `Fault`; what was held stays held."""
        call = self._call
        tally = call.tally
        needed = max(tally.reserved_nanos, whole_nanos(at_most(msgspec.structs.replace(call, plan=plan), tally.reserved)))
        before, tally.reserved_nanos = tally.reserved_nanos, needed
        more = beyond(self.claims_for(plan), tally.claims)
        try:
            if more and self._hold is not None:
                await self._hold.extend(more)
                tally.claims = self._hold.claims
            elif more:
                await self.incur(more)
        except BaseException:
            tally.reserved_nanos = before
            raise

    def _settle(self, outcome: Outcome) -> None:
        if self._hold is not None:
            receipt = self._call.tally.receipt
            self._hold.settle(receipt.usage, receipt.price.nanos, counts=counts(outcome))
        elif self._owed:
            self._counters.release(self._call.id)


class _Values:
    """The request's facts, made only if a limit is grouped by one."""

    __slots__ = ("_call", "_facts", "_plan")

    def __init__(self, call: Call, plan: Plan) -> None:
        self._call = call
        self._plan = plan
        self._facts: Facts | None = None

    def of(self, name: str) -> str:
        """A value to group by."""
        if self._facts is None:
            self._facts = Facts(self._call, self._plan)
        return self._facts.group(name)


def beyond(claims: tuple[Claim, ...], held: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """What of the claims is not held already, counter by counter."""
    have: dict[str, int] = {}
    for claim in held:
        have[claim.counter] = have.get(claim.counter, 0) + claim.amount
    more = ((claim, claim.amount - have.get(claim.counter, 0)) for claim in claims)
    return tuple(msgspec.structs.replace(claim, amount=amount, least=-1) for claim, amount in more if amount > 0)


def _reservation(call: Call) -> tuple[Usage, int]:
    """The most this call may use, and what that costs at the dearest target, in nano-units."""
    ask, plan = call.ask, call.plan
    assert ask is not None
    assert plan is not None
    if call.kind is Kind.COUNT_TOKENS:
        return NO_USAGE, 0
    output = ask.max_tokens
    if output is None:
        output = max(target.max_output for target in plan.targets)
    usage = Usage(input=ask.prompt_tokens, output=output * ask.choices)
    return usage, whole_nanos(at_most(call, usage))
