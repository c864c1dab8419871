"""Set aside before, settle after: requests, tokens, concurrency, money."""

from __future__ import annotations

from headworks.domain.call import Call, Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.domain.usage import NO_USAGE, Usage
from headworks.journey.pricing import at_most, whole_nanos
from headworks.ports.stage import Proceed
from headworks.ports.stores import Counters, Hold

_GIVEN_BACK = frozenset((Ending.REFUSED, Ending.FAILED))


class Limits:
    """Reserves for the dearest eligible target, and lets go when the exchange is over, however it ended."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Refuses what a limit forbids; that costs the caller nothing."""
        if call.ask is None:
            return await proceed(call)
        usage, cost = _reservation(call)
        call.tally.reserved = usage
        call.tally.reserved_nanos = cost
        hold = await self._counters.reserve(call, usage, cost)
        if hold is not None:
            _owe(call, hold)
        return await proceed(call)


def _owe(call: Call, hold: Hold) -> None:
    def settle(outcome: Outcome) -> None:
        receipt = call.tally.receipt
        counts = outcome.ending not in _GIVEN_BACK or outcome.fault == "guard_blocked"
        hold.settle(receipt.usage, receipt.price.nanos, counts=counts)

    call.closing.settle(settle)
    call.tally.extend = hold.extend


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
