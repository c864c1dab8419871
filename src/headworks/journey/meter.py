"""Open the account before the first upstream byte, note how far it has come, and sum it up at the end."""

from __future__ import annotations

from collections.abc import Awaitable

from headworks.domain.call import Call
from headworks.domain.charges import set_aside
from headworks.domain.exchange import Begin, Checkpoint
from headworks.domain.outcome import Outcome
from headworks.domain.receipt import receipt_of
from headworks.domain.reply import Frame, OnFrame, Reply
from headworks.journey.pricing import at_most
from headworks.ports.clock import Clock
from headworks.ports.stage import Proceed
from headworks.ports.stores import Journal

CHECKPOINT_SECONDS = 5.0
"""The most that may lie between two marks of a stream that flows."""
PER_NANO = 1_000_000


class Meter:
    """Counts are the relay's and prices the target's; here they become the begin-mark, the checkpoints and the receipt."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """From here on the exchange is in the books: a crash finds it there."""
        if call.ask is None:
            return proceed(call)
        self._begin(call)
        call.closing.conclude(lambda outcome: _sum_up(call, outcome))
        return self._checkpointed(call, proceed) if call.ask.stream else proceed(call)

    async def _checkpointed(self, call: Call, proceed: Proceed) -> Reply:
        reply = await proceed(call)
        reply.tap(self._checkpoints(call))
        return reply

    def _begin(self, call: Call) -> None:
        ask, principal, plan = call.ask, call.principal, call.plan
        assert ask is not None
        assert principal is not None
        assert plan is not None
        self._journal.begin(
            Begin(
                id=call.id,
                at=call.at,
                kind=call.kind,
                principal=principal.id,
                asked=ask.model,
                target=plan.targets[0].name,
                provider=plan.targets[0].provider,
                front=call.front,
                revision=call.snapshot.revision,
                stream=ask.stream,
                reserved=call.tally.reserved,
                reserved_nanos=call.tally.reserved_nanos,
                prompt_exact=at_most(call, ask.likely),
                currency=plan.currency,
                parent=call.parent,
                purpose=call.purpose,
                payer=call.payer,
                lineage=principal.lineage,
                customer=call.customer,
                counters=set_aside(call.tally.claims) if call.tally.claims else (),
            )
        )

    def _checkpoints(self, call: Call) -> OnFrame:
        now = self._clock.now
        due = now() + CHECKPOINT_SECONDS

        def check(_frame: Frame) -> None:
            nonlocal due
            if now() >= due:
                due = now() + CHECKPOINT_SECONDS
                self._mark(call)

        return check

    def _mark(self, call: Call) -> None:
        progress = call.tally.progress
        if progress is None:
            return
        so_far = progress()
        self._journal.checkpoint(
            Checkpoint(
                id=call.id,
                at=self._clock.wall_ns(),
                target=call.tally.tried[-1].target,
                usage=so_far.usage,
                certainty=so_far.certainty,
                cost_nanos=so_far.cost_exact // PER_NANO,
            )
        )


def _sum_up(call: Call, _outcome: Outcome) -> None:
    call.tally.receipt = receipt_of(call.tally.tried)
