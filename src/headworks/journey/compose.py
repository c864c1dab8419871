"""Stages made into one function, and the one place where an exchange is sure to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from headworks.domain.call import Call
from headworks.domain.errors import FAULTS, Fault, FaultClass
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.ports.clock import Clock
from headworks.ports.stage import Proceed, Stage

_ENDINGS = {FaultClass.REFUSED: Ending.REFUSED, FaultClass.CLIENT_GONE: Ending.CLIENT_GONE}


class Journey:
    """The whole journey as a coroutine function. Made once per process; holds no state of any call.

    A stage that raises with a reply in its hand loses nothing: every reply made for the call is known to its tally, and all but the
    one returned are abandoned here. Whatever is raised, the call's closing is closed before it leaves.
    """

    def __init__(self, stages: Sequence[Stage], clock: Clock) -> None:
        """`stages` outermost first; the last one must not proceed."""
        proceed: Proceed = _nowhere
        for stage in reversed(stages):
            proceed = _entering(stage, proceed, clock)
        self._first = proceed

    async def __call__(self, call: Call) -> Reply:
        """Serve one call up to the head of its answer. Raises `Fault`, or `CancelledError` when cancelled."""
        try:
            reply = await self._first(call)
        except BaseException as trouble:
            outcome = outcome_of(trouble)
            call.tally.abandon_all_but(None, outcome)
            call.closing.close(outcome)
            raise
        call.tally.abandon_all_but(reply, _DISCARDED)
        reply.on_end(call.closing.close)
        return reply


_DISCARDED = Outcome(Ending.CANCELLED, 0, "", "discarded for another reply")


def outcome_of(trouble: BaseException) -> Outcome:
    """How an exchange ended whose journey raised."""
    if isinstance(trouble, Fault):
        return Outcome(_ENDINGS.get(trouble.kind, Ending.FAILED), trouble.status, trouble.code, trouble.detail)
    if isinstance(trouble, asyncio.CancelledError):
        # Whoever cancels a journey says why: a code of FAULTS (client_gone, total_timeout, draining).
        code = next((reason for reason in trouble.args if reason in FAULTS), "draining")
        row = FAULTS[code]
        return Outcome(_ENDINGS.get(row.kind, Ending.CANCELLED), row.status, code)
    return Outcome(Ending.FAILED, 500, "internal_error", type(trouble).__name__)


def _entering(stage: Stage, inner: Proceed, clock: Clock) -> Proceed:
    name = type(stage).__name__.lower()
    now = clock.now

    def enter(call: Call) -> Awaitable[Reply]:
        tally = call.tally
        tally.latest = call
        tally.stages[name] = now()
        return stage(call, inner)

    return enter


async def _nowhere(call: Call) -> Reply:
    del call
    raise Fault("internal_error", "The journey has no last stage. Tell the operator.")
