"""What holds of queues whatever comes, goes, ends and hangs up, in whatever order."""

from __future__ import annotations

import contextlib
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from headworks.testing import seeded

from .waiting import Asked, Line

WAYS = ((0,), (1,), (0, 1), (2,), (0, 1, 2))
STEP = st.tuples(
    st.sampled_from(("ask", "ask", "ask", "start", "end", "break", "leave", "time")), st.integers(0, 99), st.integers(0, 4)
)


class Drama:
    """Steps at three targets, each with two permits."""

    def __init__(self) -> None:
        self.line = Line(targets=3, concurrency=2, size=5, waits=(30.0, 30.0, 5.0, 5.0, 5.0))
        self.asked: list[Asked] = []
        self.running: list[Asked] = []

    def play(self, step: str, number: int, kind: int) -> None:
        line = self.line
        if step == "ask":
            targets = [line.targets[place] for place in WAYS[kind]]
            with contextlib.suppress(Fault):  # it has no place
                self.asked.append(line.ask("abc"[number % 3], Priority(kind), targets=targets, prompt=number, output=number))
        elif step == "time":
            line.clock.advance(number / 30)
            line.queues.tick()
        elif step == "start" and (ready := [one for one in self.asked if one.admitted]):
            one = ready[number % len(ready)]
            self.asked.remove(one)
            line.start(one)
            self.running.append(one)
        elif step in ("end", "break") and self.running:
            one = self.running.pop(number % len(self.running))
            line.end(one, fault=Fault("upstream_error", "broken") if step == "break" else None)
        elif step == "leave" and self.asked:
            one = self.asked.pop(number % len(self.asked))
            assert one.place is not None
            one.place.leave()
            one.place.leave()

    def finish(self) -> None:
        """Everybody is gone, in the end."""
        for one in self.asked:
            assert one.place is not None
            one.place.leave()
        while self.running:
            self.line.end(self.running.pop())

    @property
    def idle_while_somebody_waits(self) -> bool:
        """Whether a target has a permit left for somebody who waits."""
        waiting = [one for one in self.asked if not one.heard]
        return any(self.line.permits.free(target, 2) > 0 for one in waiting for target in one.ticket.targets)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=80))
def test_no_permit_is_idle_while_somebody_waits_for_it(steps: list[tuple[str, int, int]]) -> None:
    drama = Drama()
    for step in steps:
        drama.play(*step)
        assert not drama.idle_while_somebody_waits


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=80))
def test_no_target_has_more_under_way_than_it_has_permits(steps: list[tuple[str, int, int]]) -> None:
    drama = Drama()
    for step in steps:
        drama.play(*step)
        assert min(drama.line.permits.free(target, 2) for target in drama.line.targets) >= 0


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=80))
def test_every_ticket_hears_one_thing_and_nothing_is_owed_in_the_end(steps: list[tuple[str, int, int]]) -> None:
    drama, everybody = Drama(), list[Asked]()
    for step in steps:
        drama.play(*step)
        everybody += [one for one in drama.asked if one not in everybody]
    drama.finish()
    assert all(len(one.heard) <= 1 for one in everybody)
    assert (drama.line.permits.out, drama.line.waiting) == (0, 0)
    assert all(not one.ticket.charged for one in everybody if "admitted" in one.heard)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    weights=st.lists(st.sampled_from((1.0, 2.0, 5.0)), min_size=2, max_size=4),
    concurrency=st.integers(1, 6),
)
def test_what_tenants_that_always_wait_are_served_differs_by_less_than_the_bound(
    seed: int, weights: list[float], concurrency: int
) -> None:
    """|W_f / w_f − W_g / w_g| ≤ 2 · (w_p · L_input + w_q · M) from when all wait, M the most that is being written at once.

    The paper's 2 · max(w_p · L_input, w_q · M) is of servers that charge each token as it is written. Here a whole answer is charged in
    advance, as is usual for the tenant, and put right at its end.
    """
    line, chance = Line(concurrency=concurrency), seeded(seed)
    longest_prompt, longest_answer = 400, 200
    tenants = dict(zip("abcd", weights, strict=False))
    running: list[Asked] = []
    served = Counter[str]()
    bound = 2 * (longest_prompt + 2 * concurrency * longest_answer)

    def refill() -> None:
        for tenant, weight in tenants.items():
            while sum(one.ticket.tenant == tenant and not one.heard for one in queue) < 3:
                prompt = 1 + int(chance.random() * (longest_prompt - 1))
                queue.append(line.ask(tenant, prompt=prompt, output=longest_answer, weight=weight))

    queue: list[Asked] = []
    refill()
    early = [one for one in queue if one.heard]
    for _ in range(300):
        for one in [one for one in queue if one.heard]:
            queue.remove(one)
            line.start(one)
            running.append(one)
            served[one.ticket.tenant] += one.ticket.prompt_tokens * (one not in early)
        one = running.pop(int(chance.random() * len(running)))
        written = int(chance.random() * longest_answer)
        line.end(one, Usage(input=one.ticket.prompt_tokens, output=written))
        served[one.ticket.tenant] += 2 * written * (one not in early)
        refill()
        shares = [served[tenant] / weight for tenant, weight in tenants.items()]
        assert max(shares) - min(shares) <= bound


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000), st.sampled_from(list(Priority)), st.sampled_from(("a", "b")))
def test_nobody_starves_behind_any_flood(seed: int, priority: Priority, tenant: str) -> None:
    """Everybody else floods all classes; one request gets its turn nonetheless, within the floor's bound."""
    line, chance = Line(shed=0.0, size=10_000), seeded(seed)
    flood = [line.ask("a", Priority(number % 5)) for number in range(100)]
    mine = line.ask(tenant, priority)
    before = sum(one.ticket.priority is priority for one in flood) if tenant == "a" else 1
    for turn in range(20 * (before + 6) + 6):
        if mine.admitted:
            break
        ready = next(one for one in flood if one.admitted)
        flood.remove(ready)
        line.start(ready)
        line.end(ready)
        flood.append(line.ask("a", Priority(int(chance.random() * 5))))
        assert turn < 20 * (before + 6) + 5
    assert mine.admitted
