"""Judge the question. It stands before the cache: a forbidden question is never answered from memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Snapshot
from headworks.ports.dialect import Interpreter
from headworks.ports.extension import Allow, Block, Rewrite
from headworks.ports.extension import Guard as Judge
from headworks.ports.stage import Proceed

_REMEDY = "Change the question: the same one is refused again."


class Guard:
    """Asks every judge of the snapshot, in order; the first that objects decides."""

    def __init__(self, judges: Callable[[Snapshot], Sequence[Judge]], interpreter: Interpreter) -> None:
        """`judges` gives the compiled guards of a snapshot, cheaply."""
        self._judges = judges
        self._interpreter = interpreter

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses what a guard blocks. Without guards nothing is read."""
        if call.ask is None or not call.snapshot.guards:
            return proceed(call)
        return self._judged(call, call.ask, proceed)

    async def _judged(self, call: Call, ask: Ask, proceed: Proceed) -> Reply:
        text = self._interpreter.prompt_text(call.front, call.kind, ask)
        for judge in self._judges(call.snapshot):
            verdict = await judge.judge(call, text)
            match verdict:
                case Allow():
                    continue
                case Block(guard, reason):
                    call.tally.notes["guard"] = guard
                    raise Fault("guard_blocked", f"The guard '{guard}' does not let this request pass: {reason} {_REMEDY}")
                case Rewrite(guard):
                    # Fails closed: until a guard can change a question in every dialect, wanting to means no.
                    call.tally.notes["guard"] = guard
                    raise Fault(
                        "guard_blocked",
                        f"The guard '{guard}' would have to change this request, which it cannot yet. {_REMEDY}",
                    )
                case _:
                    assert_never(verdict)
        return await proceed(call)
