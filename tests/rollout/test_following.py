"""A gateway goes by what is recorded of rollouts, and by what it knew where nobody tells."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from headworks.domain.position import Position
from headworks.ports.rollout_records import Led
from headworks.testing import FrozenClock
from headworks.wiring.rollouts import EVERY, Following


class Recorded:
    """Records that may be away."""

    def __init__(self) -> None:
        self.there: dict[str, Position] = {}
        self.away = False

    async def find(self) -> Led | None:
        return self

    async def positions(self) -> Mapping[str, Position]:
        if self.away:
            raise ConnectionError("away")
        return dict(self.there)


def at(share: float) -> Position:
    return Position(id="roll_1", model="m", baseline="1", candidate="2", share=share)


async def follow() -> tuple[list[Mapping[str, Position]], list[str]]:
    records, clock, said = Recorded(), FrozenClock(), list[str]()
    swapped: list[Mapping[str, Position]] = []
    task = asyncio.create_task(Following(records.find, swapped.append, clock, said.append).run())
    for share, away in ((0.1, False), (0.1, False), (0.5, True), (0.5, False)):
        records.there, records.away = {"m": at(share)}, away
        await clock.run(EVERY * 4)
    records.there = {}
    await clock.run(EVERY)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return swapped, said


def test_positions_are_taken_when_they_change_and_kept_while_nobody_tells() -> None:
    swapped, said = asyncio.run(follow())
    assert swapped == [{"m": at(0.1)}, {"m": at(0.5)}, {}]
    assert [line.split(" where")[0] for line in said] == ["the database does not tell", "the database tells again"]
