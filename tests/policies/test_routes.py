"""The first routing rule that holds decides, and what cannot be judged does not pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.domain.facts import Facts
from headworks.domain.principal import Principal
from headworks.domain.routing import RoutingRule
from headworks.policies import PolicyBook

from .asking import request


def rules(*conditions: str) -> tuple[RoutingRule, ...]:
    return tuple(RoutingRule(name=f"r{number}", when=when) for number, when in enumerate(conditions))


@pytest.mark.parametrize(
    ("conditions", "first"),
    [
        (("prompt_tokens > 100", "team == 'x'"), "r1"),
        (("prompt_tokens > 10", "team == 'x'"), "r0"),
        (("prompt_tokens > 100", ""), "r1"),
        (("prompt_tokens > 100", "'images' in features"), None),
        (("data_class == 'secret'", "weekday == 7 && hour == 18"), "r1"),
        (("organisation == 'o' && regions.exists(region, region == 'eu')",), "r0"),
    ],
)
def test_the_first_that_holds(conditions: tuple[str, ...], first: str | None) -> None:
    facts = Facts(request(Principal(id="k", team="x", organisation="o")))
    found = PolicyBook().first(rules(*conditions), facts)
    assert (found.name if found else None) == first


def test_what_cannot_be_judged_does_not_pass_unless_an_earlier_rule_decides() -> None:
    book, unclear = PolicyBook(), rules("stream", "tags.job == 'x'")
    assert book.first(unclear, Facts(request(stream=True))) is unclear[0]
    with pytest.raises(Fault, match=r"The routing rule 'r1' cannot be evaluated") as refused:
        book.first(unclear, Facts(request()))
    assert refused.value.code == "policy_denied"
    assert refused.value.detail.startswith("routing rule r1: ")


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_no_request_sees_another_ones_facts(sizes: list[int]) -> None:
    book, some = PolicyBook(), rules("prompt_tokens > 20", "prompt_tokens > 10 && has(tags.a)", "prompt_tokens > 5")
    for size in sizes:
        tagged = {b"x-headworks-tags": b"a=b"} if size % 2 else {}
        expected = "r0" if size > 20 else "r1" if size > 10 and tagged else "r2" if size > 5 else None
        found = book.first(some, Facts(request(prompt_tokens=size, headers=tagged)))
        assert (found.name if found else None) == expected


def test_rules_of_another_snapshot_are_not_those_of_before() -> None:
    book, facts = PolicyBook(), Facts(request())
    assert book.first(rules("stream"), facts) is None
    assert book.first(rules("!stream"), facts) is not None
