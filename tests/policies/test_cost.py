"""What a decision costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from headworks.domain.facts import Facts
from headworks.domain.principal import Principal
from headworks.policies import PolicyBook

from .asking import deny, request

MOST = 30
"""How many times the yardstick one policy on one request may cost; measured: 4 to 7."""


def yardstick() -> None:
    """Something that costs some 0.4 µs where the figures were measured: machines differ, their ratios little."""
    sum(range(50))


def processor_seconds(decide: Callable[[], None], times: int = 1_000) -> float:
    """Of one decision, undisturbed: the best of several rounds."""
    rounds: list[float] = []
    for _ in range(7):
        began = time.process_time()
        for _ in range(times):
            decide()
        rounds.append((time.process_time() - began) / times)
    return min(rounds)


@pytest.mark.parametrize(
    "when",
    [
        'team == "interns" && max_tokens > 100000',
        '"images" in features && model.startsWith("gpt-5")',
        'has(tags.job) && tags.job == "nightly" && prompt_tokens > 100',
        "hour > 22 && weekday > 8",
    ],
)
def test_a_policy_costs_a_request_few_microseconds(when: str) -> None:
    book, rules = PolicyBook(), (deny(when),)
    call = request(Principal(id="k", team="staff", tags={"env": "prod", "cost": "center"}), features=frozenset(("tools",)))

    each, unit = processor_seconds(lambda: book.refuse(rules, Facts(call))), processor_seconds(yardstick)

    print(f"{each * 1e6:.1f} µs, {each / unit:.1f} yardsticks: {when}")
    assert each <= MOST * unit
