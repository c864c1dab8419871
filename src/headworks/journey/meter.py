"""Open the account before the first upstream byte, note how far it has come, and sum it up at the end."""

from __future__ import annotations

from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.exchange import Begin, Checkpoint
from headworks.domain.outcome import Outcome
from headworks.domain.receipt import receipt_of
from headworks.domain.reply import Frame, OnFrame, Reply
from headworks.domain.target import Target
from headworks.domain.usage import Usage
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

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        """Refuses a model without a price, unless the configuration allows it at zero."""
        if call.ask is None:
            return await proceed(call)
        self._begin(call, _dearest(call))
        call.closing.conclude(lambda outcome: _sum_up(call, outcome))
        reply = await proceed(call)
        if reply.stream:
            reply.tap(self._checkpoints(call))
        return reply

    def _begin(self, call: Call, target: Target | None) -> None:
        ask, principal = call.ask, call.principal
        assert ask is not None
        assert principal is not None
        card = target.price if target is not None else None
        reserved = call.tally.reserved
        self._journal.begin(
            Begin(
                id=call.id,
                at=call.at,
                kind=call.kind,
                principal=principal.id,
                asked=ask.model,
                target=target.name if target is not None else "",
                revision=call.snapshot.revision,
                stream=ask.stream,
                reserved=reserved,
                reserved_nanos=card.exact(reserved) // PER_NANO if card is not None else 0,
                prompt_exact=card.exact(Usage(input=ask.prompt_tokens)) if card is not None else 0,
                currency=card.currency if card is not None else "USD",
                parent=call.parent,
                purpose=call.purpose,
                payer=call.payer,
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


def _dearest(call: Call) -> Target | None:
    """The target whose prompt would cost most: what a crash is charged by. Raises where none has a price."""
    ask = call.ask
    assert ask is not None
    model = call.snapshot.find(ask.model)
    targets = model.targets if model is not None else ()
    priced = [target for target in targets if target.price is not None]
    if not priced:
        if call.snapshot.unpriced == "refuse" and call.kind is not Kind.COUNT_TOKENS:
            raise Fault(
                "model_unpriced",
                f"The model '{ask.model}' has no price, and this gateway serves nothing that it cannot account for. "
                "An administrator can give it one under 'prices', or allow it at zero with 'unpriced: free'.",
                param="model",
            )
        return targets[0] if targets else None
    if len(priced) == 1:
        return priced[0]
    prompt = Usage(input=ask.prompt_tokens)
    return max(priced, key=lambda target: target.price.exact(prompt) if target.price is not None else 0)
