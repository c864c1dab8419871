"""Set aside before, settle after: requests, tokens, concurrency, money."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.charges import counts
from headworks.domain.facts import Facts
from headworks.domain.limits import Claim, Demand, Exceeded, Limit, Periods, claims_of
from headworks.domain.limits.limit import COST
from headworks.domain.outcome import Outcome
from headworks.domain.plan import Plan
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from headworks.journey.reservation import Reservation, affordable, reservation, strict, unbounded_part
from headworks.ports.stage import Proceed
from headworks.ports.stores import Counters, Hold


class Limits:
    """Reserves for the dearest eligible target, and lets go when the exchange is over, however it ended."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._periods = Periods()

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses what a limit forbids; that costs the caller nothing. Waits only for counters that are elsewhere."""
        if call.ask is None:
            return proceed(call) if call.feedback is None else self._counted(call, proceed)
        assert call.plan is not None
        assert call.principal is not None
        tally = call.tally
        asked = reservation(call, call.plan)
        tally.reserved = asked.usage
        tally.reserved_nanos = asked.nanos(call.plan)
        if not (call.principal.limits or call.snapshot.limits or _soft_budgets(call)):
            return proceed(call)
        debt = _Debt(call, asked, self._counters, self._periods)
        claims = debt.claims(call.plan, tally.reserved_nanos)
        if claims and not debt.granted(claims):
            return _waiting(debt, claims, proceed)
        return proceed(debt.within(claims))

    async def _counted(self, call: Call, proceed: Proceed) -> Reply:
        """As one request, that uses nothing else."""
        debt = _Debt(msgspec.structs.replace(call, ask=_NO_ASK, plan=_NO_PLAN), _NOTHING, self._counters, self._periods)
        claims = debt.claims(_NO_PLAN, 0)
        if claims and not debt.granted(claims):
            await debt.incur(claims)
        return await proceed(call)


_NO_ASK = Ask(model=AskedModel(""))
_NO_PLAN = Plan(Model(name=AskedModel(""), targets=()), (), ())
_NOTHING = Reservation(0, 0, 0, 1, capped=True)


def _soft_budgets(call: Call) -> tuple[Limit, ...]:
    """As they are claimed."""
    assert call.principal is not None
    soft = call.snapshot.soft_budgets + call.principal.soft_budgets
    return tuple([budget.endless for budget in soft if budget.endless is not None]) if soft else soft


async def _waiting(debt: _Debt, claims: tuple[Claim, ...], proceed: Proceed) -> Reply:
    await debt.incur(claims)
    return await proceed(debt.within(claims))


class _Debt:
    """What one call owes its limits: from before it asks the counters, so that it can be cancelled while they are asked."""

    __slots__ = ("_asked", "_call", "_counters", "_facts", "_hold", "_owed", "_periods", "_plan")

    def __init__(self, call: Call, asked: Reservation, counters: Counters, periods: Periods) -> None:
        self._call = call
        self._asked = asked
        self._counters = counters
        self._periods = periods
        self._hold: Hold | None = None
        self._owed = False
        self._plan = call.plan
        self._facts: Facts | None = None

    def claims(self, plan: Plan, nanos: int) -> tuple[Claim, ...]:
        """What the call claims where it is served as planned, at a cost of at most `nanos`. Raises `Fault`."""
        call, asked = self._call, self._asked
        self._plan = plan
        self._facts = None
        assert call.ask is not None
        assert call.principal is not None
        floor = asked.floor
        demand = Demand(
            models=(call.ask.model, plan.model.name),
            value_of=self._value_of,
            said=self._said,
            input=asked.input,
            output=asked.output,
            cost=nanos,
            currency=plan.currency,
            least_output=floor,
            least_cost=-1 if floor < 0 else asked.nanos(plan, floor),
        )
        claims = claims_of(call.snapshot.limits + call.principal.limits, demand, call.at, self._periods)
        unbounded = unbounded_part(call, plan)
        if unbounded is not None and COST in [claim.limit.column for claim in claims]:
            raise unbounded
        soft = _soft_budgets(call)
        return claims + claims_of(soft, demand, call.at, self._periods) if soft else claims

    def granted(self, claims: tuple[Claim, ...]) -> bool:
        """Whether the counters could say it at once; then the claims are held. Raises `Fault`."""
        try:
            hold = self._counters.grant(self._call.id, claims)
        except Exceeded as refusal:
            self._call.tally.standings = refusal.standings
            raise
        if hold is None:
            return False
        self._call.closing.settle(self._settle)
        self._take(hold)
        return True

    async def incur(self, claims: tuple[Claim, ...]) -> None:
        """Hold the claims when the counters have said so. Raises `Fault`."""
        call = self._call
        self._owed = True
        call.closing.settle(self._settle)
        try:
            hold = await self._counters.reserve(call.id, claims)
        except Exceeded as refusal:
            self._owed = False
            call.tally.standings = refusal.standings
            raise
        self._take(hold)

    def within(self, claims: tuple[Claim, ...]) -> Call:
        """The call, with its answer kept to what was granted of the claims where that has to be."""
        call, asked = self._call, self._asked
        tally = call.tally
        tally.extend = self.extend
        if call.kind is Kind.REALTIME:
            tally.prolong = self.prolong
        granted = tally.claims
        if asked.capped or not claims:
            return call
        assert call.plan is not None
        output = asked.output if granted is claims else affordable(granted, asked, call.plan)
        if output == asked.output and not strict([claim.limit for claim in claims]):
            return call
        self._asked = asked = msgspec.structs.replace(asked, output=output)
        tally.reserved = asked.usage
        tally.reserved_nanos = asked.nanos(call.plan)
        return msgspec.structs.replace(call, cap=output // asked.choices)

    async def extend(self, plan: Plan) -> None:
        """Hold what being served by a fallback claims beyond what is held. Raises `Fault`; what was held stays held."""
        tally = self._call.tally
        nanos = self._asked.nanos(plan)
        claims = tuple([msgspec.structs.replace(claim, least=-1) for claim in self.claims(plan, nanos)])  # its cap is given out
        if self._hold is not None:
            await self._hold.extend(claims)
            tally.claims = self._hold.claims
        elif claims:
            await self.incur(claims)
        tally.reserved_nanos = max(tally.reserved_nanos, nanos)

    async def prolong(self, used: Usage, nanos: int) -> None:
        """Hold what a conversation has used, and one answer more. Raises `Fault`; what was held stays held."""
        if self._hold is None:
            return
        answer = self._asked
        self._asked = msgspec.structs.replace(
            answer, input=answer.input + used.input, output=answer.output + used.output, capped=True
        )
        assert self._plan is not None
        cost = nanos + answer.nanos(self._plan)
        try:
            await self._hold.extend(self.claims(self._plan, cost))
        finally:
            self._asked = answer
        tally = self._call.tally
        tally.claims = self._hold.claims
        tally.reserved_nanos = max(tally.reserved_nanos, cost)

    def _take(self, hold: Hold) -> None:
        self._hold = hold
        tally = self._call.tally
        tally.standings = hold.standings
        tally.claims = hold.claims

    def _value_of(self, name: str) -> str:
        """A value to group by."""
        return self._known().group(name)

    def _said(self, name: str) -> str:
        return self._known().said(name)

    def _known(self) -> Facts:
        """Made only if a limit asks for one."""
        if self._facts is None:
            self._facts = Facts(self._call, self._plan)
        return self._facts

    def _settle(self, outcome: Outcome) -> None:
        tally = self._call.tally
        tally.extend = tally.prolong = None  # it leads back here: a circle is the collector's to find, and it takes its time
        if self._hold is not None:
            receipt = self._call.tally.receipt
            self._hold.settle(receipt.usage, receipt.price.nanos, counts=counts(outcome))
        elif self._owed:
            self._counters.release(self._call.id)
