"""What callers and judges say of answers, on real databases: it counts for the version that gave them, once, and for nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

from msgspec.structs import replace

from headworks.domain.exchange import Exchange
from headworks.domain.feedback import Feedback
from headworks.domain.ledger import fold
from headworks.domain.rollout.decide import decide
from headworks.domain.rollout.event import Event
from headworks.domain.rollout.gates import MeanGate, ShareGate
from headworks.domain.rollout.opinions import Answer, answer_of, opinion_of
from headworks.domain.rollout.outcomes import Told
from headworks.domain.rollout.rollout import Plan, Rollout, State, Step
from headworks.stores.sql.engine import Database
from headworks.stores.sql.ledger import LedgerTables
from headworks.stores.sql.ledger import Step as Booked
from headworks.stores.sql.rollouts.opinions import joined
from headworks.stores.sql.rollouts.store import SqlRollouts
from tests.sql.conftest import Ready
from tests.sql.house import AUDIT, House, house

GATES = (ShareGate("errors"), MeanGate("feedback", 0.1), MeanGate("judge", 0.1))
PLAN = Plan(steps=(Step(share=0.5, least=100, seconds=0.0), Step(share=1.0)), gates=GATES)
CANARY = Rollout(id="roll_1", model="m", baseline="1", candidate="2", plan=PLAN, state=State.CANARY, number=1, salt="s")


def answer(name: str, version: str, *, lineage: tuple[str, ...] = ("org_a", "key_1")) -> Exchange:
    return Exchange(
        id=name,
        at=0,
        kind="chat",
        ending="finished",
        status=200,
        rollout="roll_1",
        version=version,
        merit="served",
        lineage=lineage,
    )


def said(about: str, score: float, *, label: str = "", lineage: tuple[str, ...] = ("org_a", "key_2")) -> Exchange:
    feedback = Feedback(exchange=about, score=score, label=label)
    return Exchange(
        id=f"of {about} {score}", at=0, kind="feedback", ending="finished", status=202, feedback=feedback, lineage=lineage
    )


class Books:
    """One gateway's ledger, and a rollout that asks for opinions."""

    def __init__(self, there: House) -> None:
        self.rollouts = SqlRollouts(there.database, there.acts)
        self._ledger = LedgerTables(there.database, "here", there.clock)
        self._place = count(100, 100)
        self._at = (0, 0)

    async def start(self) -> None:
        await self.rollouts.start(CANARY, Event(rollout="", number=0, before="", after="canary"), audit=AUDIT)

    async def book(self, *exchanges: Exchange) -> None:
        after = (1, next(self._place))
        await self._ledger.post([Booked("e", self._at, after)], fold(exchanges))
        self._at = after

    async def counts(self, gate: str = "feedback") -> tuple[int, int]:
        """Opinions on the baseline's answers, and on the candidate's."""
        means = (await self.rollouts.evidence("roll_1")).means.get(gate)
        return (means[0].count, means[1].count) if means is not None else (0, 0)


def play(url: str, scene: Callable[[Books], Awaitable[None]]) -> None:
    async def run() -> None:
        async with house(url) as there:
            books = Books(there)
            await books.start()
            await scene(books)

    asyncio.run(run())


async def whichever_first(books: Books) -> None:
    await books.book(answer("a", "2"), said("a", 1.0))
    assert await books.counts() == (0, 1)
    await books.book(answer("b", "1"))
    await books.book(said("b", -1.0))
    assert await books.counts() == (1, 1)
    await books.book(said("c", 1.0))
    assert await books.counts() == (1, 1)
    await books.book(answer("c", "2"))
    assert await books.counts() == (1, 2)


def test_an_opinion_counts_whether_it_or_the_answer_is_booked_first(tables: str) -> None:
    play(tables, whichever_first)


async def once(books: Books) -> None:
    await books.book(answer("a", "2"), said("a", 1.0), said("a", -1.0))
    await books.book(said("a", -1.0))
    await books.book(said("a", 0.5, label="judge:strict"))
    assert await books.counts() == (0, 1)
    assert await books.counts("judge") == (0, 1)


def test_the_first_opinion_of_a_tenant_counts_and_a_judge_s_besides(tables: str) -> None:
    play(tables, once)


async def strangers(books: Books) -> None:
    await books.book(answer("a", "2"), said("a", -1.0, lineage=("org_b", "key_9")))
    assert await books.counts() == (0, 0)
    await books.book(said("a", 1.0))
    assert await books.counts() == (0, 1)


def test_another_tenant_s_opinion_counts_for_nothing_and_takes_nothing(tables: str) -> None:
    play(tables, strangers)


async def after_the_end(books: Books) -> None:
    await books.book(answer("a", "2"))
    back = replace(CANARY, state=State.ROLLING_BACK, number=2)
    event = Event(rollout="", number=0, before="canary", after="rolling_back")
    await books.rollouts.change(CANARY, back, event, audit=AUDIT)
    await books.rollouts.change(back, replace(back, state=State.ROLLED_BACK, number=3), event, audit=AUDIT)
    await books.book(said("a", -1.0))
    assert await books.counts() == (0, 0)


def test_what_is_said_after_the_end_counts_no_more(tables: str) -> None:
    play(tables, after_the_end)


async def worse(books: Books) -> None:
    numbers = [str(number) for number in range(400)]
    await books.book(*(answer(number, str(1 + int(number) % 2)) for number in numbers))
    assert decide(CANARY, await books.rollouts.evidence("roll_1"), 10.0, ready=True) is None, "nothing was said yet"
    await books.book(*(said(number, (0.8 if int(number) % 2 == 0 else 0.1) + int(number) % 7 / 50) for number in numbers))
    move = decide(CANARY, await books.rollouts.evidence("roll_1"), 10.0, ready=True)
    assert move is not None
    assert move.state is State.ROLLING_BACK
    assert "feedback is worse" in move.reason


def test_a_candidate_that_people_like_less_is_taken_back(tables: str) -> None:
    play(tables, worse)


async def at_once(there: House, url: str) -> None:
    await Books(there).start()
    led, opinion = answer_of(answer("a", "2")), opinion_of(said("a", 1.0), Feedback(exchange="a", score=1.0))
    one, other = Database(url), Database(url)
    async with one.writing() as first, other.writing() as second:  # neither sees what the other has added
        await joined(first, {}, [led], [], 1)
        await joined(second, {}, [], [opinion], 1)
    async with one.writing() as first:
        counted = await joined(first, {}, [led], [], 2)
        meanwhile = asyncio.create_task(second_look(other, led))
        await asyncio.wait([meanwhile], timeout=0.5)
    assert list(counted) == [("roll_1", "2")]
    assert await meanwhile == {}
    await asyncio.gather(one.close(), other.close())


async def second_look(database: Database, led: Answer) -> Told:
    async with database.writing() as connection:
        return await joined(connection, {}, [led], [], 2)


def test_two_who_book_at_the_same_time_count_an_opinion_once(ready: Ready) -> None:
    url = ready("postgresql")  # SQLite has one writer at a time

    async def run() -> None:
        async with house(url) as there:
            await at_once(there, url)

    asyncio.run(run())
