"""Who moves rollouts on: one control process of all that share the database, by what the evidence says; each by its gateways' circuits.

What is decided is a pure function of the record and the evidence (`domain.rollout.decide`). The lease spares the others the work; that
nothing is decided twice is the number's doing, which every change raises by one. A circuit needs no lease: only the process beside a
gateway hears of its.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.gauges import Gauges, RolloutGauges
from headworks.domain.rollout.decide import decide
from headworks.domain.rollout.event import Event, settled
from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.rollout import ALLOWED, Move, Rollout, State
from headworks.ports.clock import Clock
from headworks.ports.records import Conflict
from headworks.ports.rollout_records import Lease, Rollouts
from headworks.stores.sql.leases import SqlLeases

EVERY = 1.0
"""Seconds between two looks."""
LEASE = "rollouts"
HELD = 5.0
"""Seconds after which another may take over from one that has died."""
FACTS = {"by": "headworks", "operation": "rollouts.decide"}
_NS = 1e9
Ask = Callable[[], Awaitable[Sequence[Gauges]]]
"""How the gateways beside it are doing."""


class RolloutController:
    """One per control process. `run` it as a task."""

    def __init__(self, rollouts: Rollouts, leases: SqlLeases, ask: Ask, clock: Clock, say: Callable[[str], None]) -> None:
        self._rollouts = rollouts
        self._leases = leases
        self._ask = ask
        self._clock = clock
        self._say = say
        self._silent = False

    async def run(self) -> None:
        """Until cancelled. A database that does not answer is waited for: everything stays where it is."""
        while True:
            try:
                await self.look()
                self._silent = False
            except (SQLAlchemyError, OSError) as trouble:
                if not self._silent:
                    self._say(f"rollouts wait: the database does not answer ({type(trouble).__name__})")
                self._silent = True
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Move on what has reason to move. Raises what the database does."""
        under_way = await self._rollouts.under_way()
        if not under_way:
            return
        lease = await self._leases.take(LEASE, HELD)
        gateways = await self._ask()
        for rollout in under_way:
            seen = [each.rollouts.get(rollout.model) for each in gateways]
            here = [each for each in seen if each is not None and each.rollout == rollout.id]
            fallen = tripped(rollout, here)
            if fallen is not None:
                await self._make(rollout, fallen, await self._rollouts.evidence(rollout.id), None)
            elif lease is not None:
                await self._decide(rollout, lease, ready=bool(here))

    async def _decide(self, rollout: Rollout, lease: Lease, *, ready: bool) -> None:
        evidence = await self._rollouts.evidence(rollout.id)
        move = decide(rollout, evidence, self._clock.wall_ns() / _NS, ready=ready)
        if move is not None:
            await self._make(rollout, move, evidence, lease)

    async def _make(self, rollout: Rollout, move: Move, evidence: Evidence, lease: Lease | None) -> None:
        after = settled(rollout, move, evidence, self._clock.wall_ns() / _NS)
        event = Event.of(rollout, after, move.reason, evidence, actor_name=FACTS["by"])
        try:
            await self._rollouts.change(rollout, after, event, audit=FACTS, lease=lease)
        except Conflict:
            return  # somebody else was first: the next look sees what they have made of it
        self._say(f"rollout {rollout.id} of {rollout.model}: {rollout.state} → {after.state}. {move.reason}")


def tripped(rollout: Rollout, here: Sequence[RolloutGauges]) -> Move | None:
    """Back, where a gateway's circuit has taken the candidate out at this step."""
    if State.ROLLING_BACK not in ALLOWED[rollout.state]:
        return None
    if rollout.others:
        out = {version for seen in here for version in seen.out if seen.step == rollout.step}
        fallen = next((version for version in (rollout.candidate, *rollout.others) if version in out), "")
        reason = f"Version {fallen} is taken out: most of its requests have failed at a gateway, which sends it no more."
        return Move(State.AB, rollout.step, reason, out=fallen) if fallen and rollout.state is State.AB else None
    for seen in here:
        if seen.tripped and seen.step == rollout.step:
            reason = (
                f"{seen.failures} of {seen.outcomes} requests of this step have failed at one gateway, which sends it no more."
            )
            return Move(State.ROLLING_BACK, rollout.step, reason)
    return None
