"""Judge the question. It stands before the cache: a forbidden question is never answered from memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Snapshot, Version
from headworks.ports.extension import Allow, Block, Rewrite
from headworks.ports.extension import Guard as Judge
from headworks.ports.interpreter import Interpreter
from headworks.ports.stage import Proceed

_REMEDY = "Change the question: the same one is refused again."


class Guard:
    """Asks every judge that applies to the caller, in order; the first that objects decides."""

    def __init__(self, judges: Callable[[Snapshot], Sequence[Judge]], interpreter: Interpreter) -> None:
        """`judges` gives the compiled guards of a snapshot, cheaply."""
        self._judges = judges
        self._interpreter = interpreter

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses what a guard blocks. Without guards nothing is read."""
        principal = call.principal
        if call.ask is None or not (call.snapshot.guards or (principal is not None and principal.guards)):
            return proceed(call)
        return self._judged(call, call.ask, proceed)

    def _judges_of(self, call: Call) -> Sequence[Judge]:
        """Those that judge everybody, and those that a level of this caller, or the model's version, names: no level can lift one."""
        named = call.principal.guards if call.principal is not None else ()
        if call.plan is not None and isinstance(call.plan.model, Version):
            named += call.plan.model.guards
        waiting = {rule.name for rule in call.snapshot.guards if rule.named}.difference(named)
        judges = [judge for judge in self._judges(call.snapshot) if judge.name not in waiting]
        missing = set(named).difference(judge.name for judge in judges)
        if missing:
            raise Fault(
                "guard_blocked",
                f"This key's requests are to be judged by the guard '{min(missing)}', which is not in the configuration. "
                "Ask an administrator to add it there, or to take it from the key and all above it.",
            )
        return judges

    async def _judged(self, call: Call, ask: Ask, proceed: Proceed) -> Reply:
        judges = self._judges_of(call)
        if not judges:
            return await proceed(call)
        if call.kind is Kind.REALTIME:
            raise Fault(
                "guard_blocked",
                f"The guard '{judges[0].name}' judges this key's requests, and what is said in real time it cannot. "
                "Ask without a WebSocket, or have an administrator leave the guard out for this key.",
            )
        if call.passed is not None and call.body.data and not ask.fields and call.passed.content_type != b"application/json":
            raise Fault(
                "guard_blocked",
                f"The guard '{judges[0].name}' judges this key's requests, and of a body that is not JSON it can read nothing. "
                "Send JSON, or have an administrator leave the guard out for this key.",
            )
        text = self._interpreter.prompt_text(call.front, call.kind, ask)
        for judge in judges:
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
