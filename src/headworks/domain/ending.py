"""One ending: what must happen, exactly once, however an exchange ends.

A stage says on the way in what it owes at the end; nothing it does later can make it forget. The journey's runner closes the
ending when the answer ends, when a stage raises, and when the request is cancelled. Closing is synchronous and idempotent.

Two rounds, each innermost first (last registered, first run):
1. *conclusions* look at what happened and complete the record. The outermost stage registered first, so it speaks last, and
   what it says is the journal's end-record.
2. *settlements* let go of what was held. They come after the record, so a crash in between leaves a charge, never a gift.
"""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.outcome import Outcome

Conclude = Callable[[Outcome], None]
Complain = Callable[[BaseException], None]


class Closing:
    """One per call, made by whoever makes the call. Not thread-safe: it belongs to the loop."""

    __slots__ = ("_complain", "_conclusions", "_settlements", "outcome")

    def __init__(self, complain: Complain) -> None:
        """`complain` hears what a conclusion or settlement raised: one's failure never stops the others."""
        self.outcome: Outcome | None = None
        self._conclusions: list[Conclude] = []
        self._settlements: list[Conclude] = []
        self._complain = complain

    @property
    def closed(self) -> bool:
        """Whether the exchange has ended."""
        return self.outcome is not None

    def conclude(self, step: Conclude) -> None:
        """Run `step` at the end, before any settlement. At once if the end has passed."""
        if self.outcome is not None:
            self._run(step, self.outcome)
        else:
            self._conclusions.append(step)

    def settle(self, step: Conclude) -> None:
        """Run `step` at the end, after the record is written. At once if the end has passed."""
        if self.outcome is not None:
            self._run(step, self.outcome)
        else:
            self._settlements.append(step)

    def close(self, outcome: Outcome) -> None:
        """End the exchange. Only the first call counts."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        for steps in (self._conclusions, self._settlements):
            while steps:
                self._run(steps.pop(), outcome)

    def _run(self, step: Conclude, outcome: Outcome) -> None:
        try:
            step(outcome)
        except Exception as trouble:  # noqa: BLE001 - one debt's failure must not leave the others unpaid
            self._complain(trouble)
