"""Which target, and what after a failure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault, FaultClass
from headworks.domain.reply import Reply
from headworks.domain.retry import RETRY, Decision, Progress, RetryPolicy
from headworks.domain.snapshot import Model
from headworks.domain.target import Target
from headworks.journey.listing import list_models
from headworks.ports.balancing import Health, RetryBudget
from headworks.ports.clock import Chance, Clock
from headworks.ports.dialect import Interpreter
from headworks.ports.extension import Picker
from headworks.ports.stage import Proceed

ANY_DIALECT = frozenset((Kind.CHAT, Kind.COUNT_TOKENS))
"""Kinds that can be asked of a target which speaks another language than the caller."""


class Route:
    """Walks the plan: the model's targets as the picker orders them, again while the policy allows, then its fallbacks."""

    def __init__(
        self, picker: Picker, health: Health, budget: RetryBudget, clock: Clock, chance: Chance, interpreter: Interpreter
    ) -> None:
        self._picker = picker
        self._health = health
        self._budget = budget
        self._clock = clock
        self._chance = chance
        self._interpreter = interpreter

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """The reply of the first attempt whose answer began; the last fault where none did."""
        if call.ask is None:
            return list_models(call, self._interpreter)
        self._budget.deposit()
        fault: Fault | None = None
        for model in _chain(call):
            why = "first choice" if fault is None else f"fallback after {fault.code}"
            try:
                return await self._try_model(call, model, proceed, why)
            except Fault as failed:
                if not _another_may_help(failed):
                    raise
                fault = failed
        assert fault is not None
        raise fault

    async def _try_model(self, call: Call, model: Model, proceed: Proceed, why: str) -> Reply:
        policy = model.retry
        waiting = self._order(call, model)
        for number in range(1, policy.attempts + 1):
            target = waiting.pop(0)
            call.tally.notes["why"] = why
            try:
                return await proceed(msgspec.structs.replace(call, target=target))
            except Fault as fault:
                self._or_give_up(call, policy, fault, number)
                why = f"retry after {fault.code} at {target.name}"
                if not waiting:
                    await self._pause(call, policy, fault, number)
                    waiting = self._order(call, model)
        raise AssertionError("the last attempt returns or raises")

    def _order(self, call: Call, model: Model) -> list[Target]:
        targets = [call.pinned] if call.pinned is not None else _capable(call, model)
        open_now = [target for target in targets if self._health.reopens_in(target) <= 0.0]
        if not open_now:
            soonest = min(self._health.reopens_in(target) for target in targets)
            raise Fault(
                "circuit_open",
                f"Every target of '{model.name}' has failed repeatedly and is left alone for now. Try again in {soonest:.0f} s.",
                retry_after=soonest,
            )
        return list(self._picker.order(call, open_now, self._health))

    def _or_give_up(self, call: Call, policy: RetryPolicy, fault: Fault, number: int) -> None:
        """Raise the fault again where the table, the policy, the deadline or the budget says that this was the last try."""
        sent = bool(call.tally.tried) and call.tally.tried[-1].sent
        progress = Progress.SENT if sent else Progress.UNSENT
        if RETRY[fault.kind][progress] is Decision.STOP or number >= policy.attempts:
            raise fault
        if self._clock.now() - call.began >= policy.deadline:
            call.tally.notes["gave_up"] = "deadline"
            raise fault
        if not self._budget.withdraw():
            call.tally.notes["gave_up"] = "retry budget spent"
            raise fault

    async def _pause(self, call: Call, policy: RetryPolicy, fault: Fault, number: int) -> None:
        if fault.retry_after is not None and fault.retry_after > policy.max_retry_after:
            call.tally.notes["gave_up"] = f"asked to wait {fault.retry_after:.0f} s"
            raise fault
        pause = policy.pause(number - 1, fault.retry_after, self._chance.random())
        call.tally.waited += pause * 1e3
        await self._clock.sleep(pause)


def _chain(call: Call) -> Iterator[Model]:
    """The model asked for, then those of its fallbacks that this caller may use."""
    assert call.ask is not None
    assert call.principal is not None
    first = call.snapshot.find(call.ask.model)
    assert first is not None
    yield first
    if call.pinned is None:
        for name in first.fallbacks:
            model = call.snapshot.find(name)
            if model is not None and call.principal.may_use(name):
                yield model


def _another_may_help(fault: Fault) -> bool:
    return fault.kind not in (FaultClass.REFUSED, FaultClass.UNFIT, FaultClass.CLIENT_GONE)


def _capable(call: Call, model: Model) -> list[Target]:
    """The targets that can do this kind of thing, in the caller's own language where they speak it."""
    free = call.snapshot.unpriced == "free"
    capable = [
        _in_tongue(target, call.front)
        for target in model.targets
        if free or target.price is not None or call.kind is Kind.COUNT_TOKENS
    ]
    fitting = [
        target for target in capable if call.kind in ANY_DIALECT or (call.kind in target.heads and target.dialect == call.front)
    ]
    if not fitting:
        raise Fault("invalid_request", f"The model '{model.name}' has no target that offers '{call.kind}'.", param="model")
    return fitting


def _in_tongue(target: Target, front: str) -> Target:
    return target.variants.get(front, target)
