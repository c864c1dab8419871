"""A limit for some values of a fact: a named customer, or tag, has a figure of its own, and all others have theirs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.limits import Claim, Demand, Limit, Periods, Unit, claims_of, mistakes_in
from headworks.domain.snapshot import Snapshot

from .making import limit, run
from .shop import ask, house, model, shop

CUSTOMERS = st.sampled_from(("", "acme", "globex", "initech"))
TIERS = st.sampled_from(("", "gold", "silver"))
NARROWED = st.dictionaries(st.just("customer"), st.lists(CUSTOMERS, min_size=1).map(tuple)) | st.dictionaries(
    st.just("tag:tier"), st.lists(TIERS, min_size=1).map(tuple)
)


def requests(amount: int, rule: str, **changes: Any) -> Limit:
    return limit(Unit.REQUESTS, amount, rule=rule, id=rule, seconds=60.0, **changes)


def claimed(limits: tuple[Limit, ...], customer: str, tier: str = "") -> tuple[Claim, ...]:
    said = {"customer": customer, "tag:tier": tier}
    referred = {**said, "customer": f"cus_{customer}" if customer else ""}
    demand = Demand(models=("m",), value_of=referred.__getitem__, said=said.__getitem__, input=1, output=1, cost=1)
    return claims_of(limits, demand, 0, Periods())


@given(NARROWED, CUSTOMERS, TIERS)
def test_where_and_unless_of_the_same_share_all_requests_between_them(
    narrowed: dict[str, tuple[str, ...]], customer: str, tier: str
) -> None:
    """Each request is counted by exactly one of the two; where nothing is narrowed by both."""
    named, others = requests(1, "named", where=narrowed), requests(1, "others", unless=narrowed)
    claims = claimed((named, others), customer, tier)
    if narrowed:
        assert len(claims) == 1
        said = {"customer": customer, "tag:tier": tier}
        assert (claims[0].limit is named) is all(said[fact] in values for fact, values in narrowed.items())
    else:
        assert [claim.limit for claim in claims] == [named, others]


def test_of_several_facts_where_needs_all_and_unless_any() -> None:
    both = {"customer": ("acme",), "tag:tier": ("gold",)}
    where, unless = requests(1, "where", where=both), requests(1, "unless", unless=both)

    def counted(customer: str, tier: str) -> list[str]:
        return [claim.limit.rule for claim in claimed((where, unless), customer, tier)]

    assert counted("acme", "gold") == ["where"]
    assert counted("acme", "silver") == counted("globex", "gold") == []
    assert counted("globex", "silver") == ["unless"]


def test_a_customer_may_be_named_by_its_reference() -> None:
    named = requests(1, "named", where={"customer": ("cus_acme",)})
    assert [claim.limit for claim in claimed((named,), "acme")] == [named]
    assert claimed((named,), "globex") == ()


def of(snapshot: Snapshot, customer: str) -> Call:
    call = ask(snapshot)
    return msgspec.structs.replace(call, headers={**call.headers, b"x-headworks-customer": customer.encode()})


def test_a_named_customer_has_a_figure_of_its_own_and_each_other_the_groups() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        acme = requests(3, "acme", where={"customer": ("acme",)})
        each = requests(1, "each", group_by=("customer",), unless={"customer": ("acme",)})
        at = house(snapshot, acme, each)
        for customer, passes in (("acme", 3), ("globex", 1), ("initech", 1)):
            for _ in range(passes):
                await at.serve(of(snapshot, customer))
            with pytest.raises(Fault) as refused:
                await at.serve(of(snapshot, customer))
            assert refused.value.detail == ("acme" if customer == "acme" else "each")

    run(scenario())


def test_a_request_that_a_limit_is_not_about_costs_nothing_of_it() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, requests(1, "acme", where={"customer": ("acme",)}))
        for _ in range(3):
            call = of(snapshot, "globex")
            await at.serve(call)
            assert call.tally.claims == ()
        assert list(at.counters.accounts()) == []

    run(scenario())


@pytest.mark.parametrize(
    ("narrowed", "place", "said"),
    [
        ({"where": {"colour": ("red",)}}, ("where", "colour"), "cannot be narrowed by 'colour'"),
        ({"unless": {"model": ("m",)}}, ("unless", "model"), "Write `models`"),
        ({"where": {"customer": ()}}, ("where", "customer"), "empty list matches nothing"),
        ({"where": {"customer": ("x" * 257,)}}, ("where", "customer"), "would match nothing"),
        ({"where": {"endpoint": ("chats",)}}, ("where", "endpoint"), "No request has the endpoint 'chats'"),
        ({"where": {"tag:tier": ("gold",)}}, ("where", "tag:tier"), "All requests here have the tag:tier 'silver'"),
        ({"unless": {"tag:tier": ("silver",)}}, ("unless", "tag:tier"), "All requests here have the tag:tier 'silver'"),
        ({"where": {"customer": ("a",)}, "unless": {"customer": ("a", "b")}}, ("unless", "customer"), "takes away all"),
    ],
)
def test_what_can_match_nothing_is_a_mistake(narrowed: dict[str, Any], place: tuple[str, str], said: str) -> None:
    ((found, words),) = mistakes_in(requests(1, "x", **narrowed), {"tier": "silver"})
    assert found == place
    assert said in words
