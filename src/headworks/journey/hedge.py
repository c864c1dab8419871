"""The same question to a second target, because the first is slow to begin. Who says the first content wins; the other is given up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from headworks.domain.body import Replay
from headworks.domain.call import Call, Tally
from headworks.domain.dispatch import Choice
from headworks.domain.envelope import Priority
from headworks.domain.features import ORDINARY, used
from headworks.domain.hedge import Hedge
from headworks.domain.kind import Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.plan import Plan
from headworks.domain.queueing import class_of
from headworks.domain.reply import Reply
from headworks.domain.target import Target
from headworks.journey.admission import Admission
from headworks.ports.balancing import Balancer, Health
from headworks.ports.clock import Clock
from headworks.ports.stage import Proceed

KNOWN = 1024
"""Models that are remembered: names may be made up by callers."""
LATEST = 100
ENOUGH = 20
"""Answers that must have been seen before it is known when most have begun."""
SAVED = 5.0
"""Hedges that may be saved up: when all answers turn slow at once, more would only be more load."""
_BEATEN = Outcome(Ending.CANCELLED, 0, "", "another target answered first")


class _Purse:
    """What one model may spend on hedges, and how long its answers take to begin."""

    __slots__ = ("_firsts", "_level")

    def __init__(self) -> None:
        self._level = 0.0
        self._firsts: deque[float] = deque(maxlen=LATEST)

    def earn(self, hedge: Hedge) -> None:
        """A request came in."""
        self._level = min(self._level + hedge.budget, SAVED)

    def pay(self) -> bool:
        """For one hedge."""
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True

    def note(self, seconds: float) -> None:
        """An answer has begun."""
        self._firsts.append(seconds)

    def patience(self, hedge: Hedge) -> float | None:
        """Seconds to wait for the first target alone; None while that is not known, or a hedge could not be paid."""
        if self._level < 1.0:
            return None
        if hedge.after != "p95":
            return hedge.after
        if len(self._firsts) < ENOUGH:
            return None
        return sorted(self._firsts)[len(self._firsts) * 95 // 100]


class Others(msgspec.Struct, frozen=True, gc=False):
    """Where else a call may go, and who chooses among them."""

    balancer: Balancer
    targets: Sequence[Target]


class Hedges:
    """Those of one gateway process."""

    def __init__(self, health: Health, admission: Admission, clock: Clock) -> None:
        self._health = health
        self._admission = admission
        self._clock = clock
        self._purses: dict[str, _Purse] = {}

    async def serve(self, call: Call, plan: Plan, choice: Choice, others: Others, proceed: Proceed) -> Reply:
        """What `proceed` would answer at the chosen target, or at one of the others that is asked besides, if it is sooner there.

        Raises the last `Fault` where neither answers. The line of who answered is the tally's last; both are on it.
        """
        hedge = plan.model.hedge
        assert hedge is not None
        if not may_hedge(call, plan):
            return await proceed(_towards(call, plan, choice, call.tally))
        purse = self._purse(plan.model.name)
        purse.earn(hedge)
        patience = purse.patience(hedge)
        race = _Race(call, proceed)
        began = self._clock.now()
        try:
            race.enter(plan, choice, call.tally)
            if patience is not None and not await race.over_within(patience, self._clock):
                second = self._second(call, plan, choice, others)
                if second is not None and purse.pay():
                    call.tally.notes["why"] = f"hedge: '{choice.target.name}' had not begun after {patience:.1f} s"
                    race.enter(plan, second, _beside(call.tally))
            reply = await race.winner()
        finally:
            await race.clear()
        purse.note(self._clock.now() - began)
        return reply

    def _second(self, call: Call, plan: Plan, choice: Choice, others: Others) -> Choice | None:
        """Where else to ask, if anywhere is fit and nobody waits for the place."""
        fit = [other for other in others.targets if other is not choice.target and self._health.available(other)]
        return others.balancer.choose(call, plan, fit) if fit and self._admission.idle(plan.model) else None

    def _purse(self, model: str) -> _Purse:
        purse = self._purses.get(model)
        if purse is None:
            if len(self._purses) >= KNOWN:
                self._purses.clear()
            purse = self._purses[model] = _Purse()
        return purse


def may_hedge(call: Call, plan: Plan) -> bool:
    """Whether being asked twice does no harm: a chat that streams and that somebody waits for, and that neither changes nor keeps anything
    at a provider.
    """
    ask = call.ask
    return (
        ask is not None
        and ask.stream
        and not ask.keep
        and call.kind is Kind.CHAT
        and call.body.replay is not Replay.LIVE
        and call.passed is call.kept is call.pinned is None
        and not (call.opened or call.purpose)
        and used(ask) <= ORDINARY
        and class_of(call, plan) < Priority.BATCH
    )


class _Race:
    """Up to two attempts at one answer, each in a task of its own. Whoever enters must clear."""

    __slots__ = ("_call", "_lines", "_proceed", "_tallies", "_tasks", "_won")

    def __init__(self, call: Call, proceed: Proceed) -> None:
        self._call = call
        self._proceed = proceed
        self._lines = len(call.tally.tried)
        self._tasks: dict[asyncio.Future[Reply], str] = {}
        self._tallies: dict[asyncio.Future[Reply], Tally] = {}
        self._won: asyncio.Future[Reply] | None = None

    def enter(self, plan: Plan, choice: Choice, tally: Tally) -> None:
        """Start an attempt that writes its own remarks to `tally`."""
        task = asyncio.ensure_future(self._proceed(_towards(self._call, plan, choice, tally)))
        self._tasks[task] = choice.target.name
        self._tallies[task] = tally

    async def over_within(self, seconds: float, clock: Clock) -> bool:
        """Whether the first attempt came to something by then."""
        alarm = asyncio.ensure_future(clock.sleep(seconds))
        try:
            done, _ = await asyncio.wait({*self._tasks, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        return any(task in done for task in self._tasks)

    async def winner(self) -> Reply:
        """The first reply. Raises what the last one raised where there is none."""
        waiting = set(self._tasks)
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            self._won = next((task for task in done if _answered(task)), None)
            if self._won is not None:
                return self._won.result()
            if not waiting:
                return done.pop().result()

    async def clear(self) -> None:
        """Give up all that did not win, and leave the winner's line last."""
        losers = [task for task in self._tasks if task is not self._won]
        for task in losers:
            task.cancel()
        if losers:
            await asyncio.wait(losers)
        for task in losers:
            if _answered(task):
                task.result().abandon(_BEATEN)
        if self._won is not None and losers:
            self._crown(self._won)

    def _crown(self, won: asyncio.Future[Reply]) -> None:
        """One attempt alone served, and what is remarked of the call is what was remarked of that one."""
        tally, own = self._call.tally, self._tallies[won]
        lines = tally.tried[self._lines :]
        for line in lines:
            line.served = line.served and line.target == self._tasks[won]
        tally.tried[self._lines :] = sorted(lines, key=lambda line: line.served)
        if own is not tally:
            tally.downgrades, tally.progress = own.downgrades, own.progress
            won.result().on_end(lambda _outcome: _stop_telling(tally))


def _answered(task: asyncio.Future[Reply]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _towards(call: Call, plan: Plan, choice: Choice, tally: Tally) -> Call:
    return msgspec.structs.replace(call, target=choice.target, plan=plan, dispatch=choice.dispatch, tally=tally)


def _beside(tally: Tally) -> Tally:
    """The same lines, with remarks of its own: two attempts are never remarked of in one place."""
    return msgspec.structs.replace(tally, downgrades=[], progress=None, extend=None, prolong=None, latest=None)


def _stop_telling(tally: Tally) -> None:
    """The trial tells how far it is, and knows the call: let go, so that counting references is enough."""
    tally.progress = None
