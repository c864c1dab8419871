"""Strategies, routing rules and classes of data on a request's whole way."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.body import Whole
from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.principal import Principal
from headworks.domain.retry import RetryPolicy
from headworks.domain.routing import RoutingRule
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel, Target
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House

GOOD = Script(pieces=(b"hello usage:10,5\n",))
BROKEN = Script(status=500)
USED_UP = Script(
    headers=(
        (b"x-ratelimit-limit-requests", b"60"),
        (b"x-ratelimit-remaining-requests", b"0"),
        (b"x-ratelimit-reset-requests", b"60s"),
    ),
    pieces=(b"hello usage:10,5\n",),
)
LARGE = sample_target("large/m", tags=frozenset({"large"}), data_classes=frozenset({"internal", "secret"}))
SMALL = sample_target("small/m", data_classes=frozenset({"internal"}))
OPEN = sample_target("open/m")


def model(name: str, *targets: Target, fallbacks: tuple[str, ...] = (), **said: Any) -> Model:
    retry = RetryPolicy(base=0.0)
    return Model(name=AskedModel(name), targets=targets, fallbacks=tuple(map(AskedModel, fallbacks)), retry=retry, **said)


def shop(*models: Model) -> Snapshot:
    return Snapshot(revision="r", models={model.name: model for model in models})


class Served:
    """A house and what became of the requests to it."""

    def __init__(self, snapshot: Snapshot, *scripts: Script, principal: Principal | None = None) -> None:
        self._snapshot = snapshot
        self.house = House(snapshot, ScriptedUpstream(list(scripts) or [GOOD]), principal=principal)

    def ask(self, tags: str = "") -> Exchange:
        """The record of one request, for the model `m`; also where it is refused."""
        return self.asks(1, tags)[0]

    def asks(self, times: int, tags: str = "") -> list[Exchange]:
        """The records of several, one after the other."""
        asyncio.run(self._serve(times, tags))
        assert self.house.account() == (0, 0, 0)
        return self.house.journal.ended[-times:]

    async def _serve(self, times: int, tags: str) -> None:
        headers = {b"authorization": b"Bearer " + KEY} | ({b"x-headworks-tags": tags.encode()} if tags else {})
        for _ in range(times):
            body = Whole(msgspec.json.encode({"model": "m"}))
            call = sample_call(snapshot=self._snapshot, body=body, headers=headers, principal=None, ask=None)
            try:
                (await self.house.serve(call)).start(CollectingSink())
            except Fault as fault:
                self.fault = fault


def tried(record: Exchange) -> list[str]:
    return [each.target for each in record.tried]


def test_a_target_that_says_that_it_is_used_up_is_left_alone_before_it_refuses() -> None:
    served = Served(shop(model("m", LARGE, SMALL, strategy="cheapest")), USED_UP, GOOD, GOOD, GOOD)
    first, *others = [record.target for record in served.asks(4)]
    assert set(others) == {"large/m", "small/m"} - {first}


def test_a_bound_that_nobody_keeps_to_is_told_in_the_record() -> None:
    record = Served(shop(model("m", LARGE, SMALL, below=1))).ask()
    assert record.tried[0].why.startswith("first choice: none below 0.000000001 USD, the cheapest takes up to ")


def test_a_rule_leads_to_its_targets_for_every_attempt_and_the_record_names_it() -> None:
    rule = RoutingRule(name="big ones", when="prompt_tokens > 5 && has(tags.job)", to=("large", "open/*"), strategy="ordered")
    served = Served(shop(model("m", SMALL, LARGE, OPEN, routing=(rule,))), BROKEN, GOOD, GOOD)
    record = served.ask("job=nightly")
    assert tried(record) == ["large/m", "open/m"]
    assert record.notes["routing"] == "big ones"


def test_a_request_that_no_rule_holds_for_goes_as_the_model_says() -> None:
    rule = RoutingRule(name="never", when="prompt_tokens > 5000", to=("large",))
    record = Served(shop(model("m", SMALL, LARGE, strategy="ordered", routing=(rule,)))).ask()
    assert record.target == "small/m"
    assert "routing" not in record.notes


def test_a_rule_that_denies_is_told_and_nothing_is_asked() -> None:
    rule = RoutingRule(name="closed", when="has(tags.job)", deny="no jobs before noon.")
    served = Served(shop(model("m", SMALL, routing=(rule,))))
    record = served.ask("job=nightly")
    assert (record.fault, record.detail) == ("policy_denied", "routing rule closed: has(tags.job)")
    assert served.fault.message.startswith("The routing rule 'closed' does not let this request pass (no jobs before noon).")
    assert not served.house.upstream.lines


def test_a_rule_whose_targets_the_caller_may_not_be_served_by_leads_nowhere_else() -> None:
    rule = RoutingRule(name="big", to=("large",))
    served = Served(shop(model("m", SMALL, LARGE, routing=(rule,))), principal=Principal(id="p", providers=("small",)))
    assert served.ask().fault == "model_not_allowed"
    assert "The routing rule 'big' leads this request to large" in served.fault.message


def test_a_fallback_goes_by_its_own_rules_and_a_denial_passes_it_over() -> None:
    to_large = RoutingRule(name="large only", to=("large",))
    never = RoutingRule(name="never", deny="closed")
    models = (
        model("m", SMALL, fallbacks=("shut", "other")),
        model("shut", OPEN, routing=(never,)),
        model("other", OPEN, LARGE, strategy="ordered", routing=(to_large,)),
    )
    record = Served(shop(*models), BROKEN, BROKEN, BROKEN, GOOD).ask()
    assert tried(record)[-1] == "large/m"
    assert record.notes["routing"] == "never; large only"


@pytest.mark.parametrize(
    ("levels", "header", "targets"),
    [
        ("", "", {"large/m", "small/m", "open/m"}),
        ("internal", "", {"large/m", "small/m"}),
        ("secret", "", {"large/m"}),
        ("", "data_class=secret", {"large/m"}),
        ("secret", "data_class=secret", {"large/m"}),
        ("unheard of", "", set()),
        ("", "data_class=unheard", set()),
        ("secret", "data_class=internal", set()),
    ],
)
def test_classified_data_goes_only_where_it_is_admitted(levels: str, header: str, targets: set[str]) -> None:
    tags = {"data_class": levels} if levels else {}
    served = Served(shop(model("m", LARGE, SMALL, OPEN)), *[GOOD] * 40, principal=Principal(id="p", tags=tags))
    assert {record.target for record in served.asks(40, header)} - {""} == targets


def test_who_refuses_classified_data_is_told() -> None:
    served = Served(shop(model("m", OPEN)), principal=Principal(id="p", regions=(), tags={"data_class": "secret"}))
    assert served.ask().fault == "model_not_allowed"
    assert "may be served by regions none and targets that may be shown data of the class 'secret' only" in served.fault.message


@given(
    target=st.sampled_from(("large", "small", "open")),
    data_class=st.sampled_from(("", "internal", "secret")),
    strategy=st.sampled_from(("weighted", "ordered", "fastest", "hashed")),
    failures=st.integers(0, 2),
)
def test_no_rule_strategy_or_failure_leads_classified_data_astray(
    target: str, data_class: str, strategy: str, failures: int
) -> None:
    rule = RoutingRule(name="r", to=(f"{target}/*",), strategy=strategy)
    snapshot = shop(model("m", LARGE, SMALL, OPEN, fallbacks=("n",), routing=(rule,)), model("n", OPEN, SMALL, LARGE))
    tags = {"data_class": data_class} if data_class else {}
    served = Served(snapshot, *[BROKEN] * failures, *[GOOD] * 6, principal=Principal(id="p", tags=tags))
    admitted = {each.name for each in (LARGE, SMALL, OPEN) if not data_class or data_class in each.data_classes}
    assert set(tried(served.ask())) <= admitted
