"""Which target, and what after a failure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import msgspec

from headworks.domain.body import Replay
from headworks.domain.call import Call
from headworks.domain.errors import Fault, FaultClass
from headworks.domain.kind import BY_ID
from headworks.domain.plan import Plan
from headworks.domain.reply import Reply
from headworks.domain.retry import RETRY, Decision, Progress, RetryPolicy
from headworks.domain.target import Target
from headworks.journey.continuation import Continuations
from headworks.journey.feedback import acknowledged
from headworks.journey.hedge import Hedges
from headworks.journey.keeping import answer
from headworks.journey.listing import list_models
from headworks.journey.permission import Permission
from headworks.ports.balancing import Balancer, Health, RetryBudget
from headworks.ports.clock import Chance, Clock
from headworks.ports.interpreter import Interpreter
from headworks.ports.responses import Responses
from headworks.ports.stage import Proceed

INEXPRESSIBLE = "inexpressible"


class Ways(msgspec.Struct, frozen=True):
    """What Route decides with."""

    permission: Permission
    balancer: Balancer
    health: Health
    budget: RetryBudget


class Route:
    """Walks the plan: the model's targets as the balancer chooses among them, again while the policy allows, then its fallbacks."""

    def __init__(self, ways: Ways, clock: Clock, chance: Chance, interpreter: Interpreter, responses: Responses) -> None:
        self._ways = ways
        self._hedges = Hedges(ways.balancer, ways.health, clock)
        self._continuations = Continuations(ways.balancer, ways.health, ways.budget)
        self._clock = clock
        self._chance = chance
        self._interpreter = interpreter
        self._responses = responses

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """The reply of the first attempt whose answer began; the last fault where none did."""
        if call.kept is not None and call.kind in BY_ID:
            return await answer(call, self._responses)
        if call.feedback is not None:
            return acknowledged(call, call.feedback)
        if call.ask is None:
            return list_models(call, self._interpreter)
        self._ways.budget.deposit()
        fault: Fault | None = None
        for plan in self._chain(call):
            if fault is not None:
                await self._or_end_here(call, plan, fault)
            why = "first choice" if fault is None else f"fallback after {fault.code}"
            try:
                return await self._try_plan(call, plan, proceed, why)
            except Fault as failed:
                if not _another_may_help(failed) or _is_spent(call):
                    raise
                fault = failed
        assert fault is not None
        raise fault

    async def _try_plan(self, call: Call, plan: Plan, proceed: Proceed, why: str) -> Reply:
        policy = plan.model.retry
        left = self._open_now(call, plan)
        tried = call.tally.tried
        for number in range(1, policy.attempts + 1):
            choice = self._ways.balancer.choose(call, plan, left)
            target = choice.target
            call.tally.notes["why"] = f"{why}: {choice.why}" if choice.why else why
            before = len(tried)
            try:
                if plan.model.hedge is not None and len(left) > 1:
                    reply = await self._hedges.serve(call, plan, choice, left, proceed)
                else:
                    reply = await proceed(msgspec.structs.replace(call, target=target, plan=plan, dispatch=choice.dispatch))
            except Fault as fault:
                failed = {line.target for line in tried[before:]}
                left = [other for other in left if other is not target and other.name not in failed]
                self._or_give_up(call, policy, fault, number, others=bool(left))
                why = f"retry after {fault.code} at {target.name}"
                if not left:
                    await self._pause(call, policy, fault, number)
                    left = self._open_now(call, plan)
            else:
                return self._continuations.watch(call, plan, reply, proceed) if reply.partial is not None else reply
        raise AssertionError("the last attempt returns or raises")

    def _open_now(self, call: Call, plan: Plan) -> Sequence[Target]:
        """The plan's targets without those whose circuit is open."""
        targets = (call.pinned,) if call.pinned is not None else plan.targets
        open_now = self._ways.health.fit(plan.model.name, targets)
        if not open_now:
            reopens_in = self._ways.health.reopens_in
            soonest = min(map(reopens_in, targets))
            seen = ", ".join(sorted({self._ways.health.last_fault(target) for target in targets} - {""}))
            raise Fault(
                "circuit_open",
                f"Every target of '{plan.model.name}' has failed repeatedly (last: {seen}) and is left alone for now. "
                f"Try again in {soonest:.0f} s.",
                retry_after=soonest,
            )
        return open_now

    def _chain(self, call: Call) -> Iterator[Plan]:
        """The model asked for, then those of its fallbacks that this caller may use and that could serve."""
        assert call.plan is not None
        assert call.ask is not None
        yield call.plan
        if call.pinned is None:
            for name in call.plan.model.fallbacks:
                model = call.snapshot.find(name)
                if model is not None:
                    with contextlib.suppress(Fault):  # a fallback that offers no such thing, or not to this caller, is none
                        yield self._ways.permission.plan(call, call.ask, name, model)

    def _or_give_up(self, call: Call, policy: RetryPolicy, fault: Fault, number: int, *, others: bool) -> None:
        """Raise the fault again where the table, the policy, the deadline or the budget says that this was the last try."""
        if fault.code == INEXPRESSIBLE and others:
            return  # nothing was sent; another target may speak a language that can say it
        sent = bool(call.tally.tried) and call.tally.tried[-1].sent
        progress = Progress.SENT if sent else Progress.UNSENT
        if RETRY[fault.kind][progress] is Decision.STOP or number >= policy.attempts or _is_spent(call):
            raise fault
        self._or_out_of_time(call, policy, fault)

    async def _or_end_here(self, call: Call, plan: Plan, fault: Fault) -> None:
        """Raise the fault again where a fallback must not be begun: out of time, out of retries, or beyond what a limit allows."""
        assert call.plan is not None
        self._or_out_of_time(call, call.plan.model.retry, fault)
        if call.tally.extend is not None:
            try:
                await call.tally.extend(plan)
            except Fault as refused:
                call.tally.notes["gave_up"] = f"the fallback '{plan.model.name}' is not covered: {refused.message}"
                raise fault from None

    def _or_out_of_time(self, call: Call, policy: RetryPolicy, fault: Fault, pause: float = 0.0) -> None:
        if self._clock.now() - call.began + pause >= policy.deadline:
            call.tally.notes["gave_up"] = "deadline"
            raise fault
        if not pause and not self._ways.budget.withdraw():
            call.tally.notes["gave_up"] = "retry budget spent"
            raise fault

    async def _pause(self, call: Call, policy: RetryPolicy, fault: Fault, number: int) -> None:
        if fault.retry_after is not None and fault.retry_after > policy.max_retry_after:
            call.tally.notes["gave_up"] = f"asked to wait {fault.retry_after:.0f} s"
            raise fault
        pause = policy.pause(number - 1, fault.retry_after, self._chance.random())
        if pause:
            self._or_out_of_time(call, policy, fault, pause)
        call.tally.waited += pause * 1e3
        await self._clock.sleep(pause)


def _is_spent(call: Call) -> bool:
    """Whether the body cannot be sent again: it passes through, and some of it has left."""
    return call.body.replay is Replay.LIVE and any(tried.sent for tried in call.tally.tried)


def _another_may_help(fault: Fault) -> bool:
    return fault.kind not in (FaultClass.REFUSED, FaultClass.UNFIT, FaultClass.CLIENT_GONE)
