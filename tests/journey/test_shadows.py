"""Shadows: what is asked of a candidate besides, when, at whose cost, and what is left alone."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.money import PriceCard, Rate
from headworks.domain.principal import Principal
from headworks.domain.shadow import equal_share
from headworks.domain.snapshot import CacheSettings, ShadowSettings, Snapshot
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_target

from .plain import House, limited
from .test_versions import HUB, ask, rollout, shop, version

OWNER = Principal(id="p1", name="tester", organisation="org-1", lineage=("org-1", "p1"), features=("web_search", "store"))
SHADOWED = rollout(share=0.0, shadow=1.0)
CARD = PriceCard(input=Rate(10**9), output=Rate(10**9))
OLD, NEW = version("11", sample_target("a/old", price=CARD)), version("12", sample_target("b/new", price=CARD))


def answer(text: str, tokens: int = 5) -> Script:
    message = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": 3 + tokens}
    return Script.json(
        {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [message], "usage": usage}
    )


def streamed(text: str) -> Script:
    chunk = {"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    first = {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}
    last = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return Script.sse(msgspec.json.encode(first), msgspec.json.encode(last), "[DONE]")


def house(*scripts: Script, snapshot: Snapshot | None = None, position: Any = SHADOWED, principal: Principal = OWNER) -> House:
    place = House(snapshot or shop(OLD, NEW), ScriptedUpstream(scripts), interpreter=HUB, principal=principal)
    place.positions.swap({"support": position})
    return place


async def idle(place: House) -> None:
    """All shadows are over: whatever has a turn of the loop to take has had it."""
    for _ in range(50):
        await asyncio.sleep(0)
    gauges = place.shadows.gauges()
    assert (gauges.running, gauges.waiting) == (0, 0)


def served(place: House, *, headers: dict[bytes, bytes] | None = None, **fields: Any) -> list[Exchange]:
    """The records, the caller's and what followed."""

    async def scenario() -> None:
        reply = await place.serve(ask(place.snapshot, headers=headers, **fields))
        reply.start(CollectingSink())
        await idle(place)

    asyncio.run(scenario())
    return place.journal.ended


def test_the_candidate_is_asked_the_same_once_the_caller_has_its_answer() -> None:
    place = house(answer("It is on its way."), answer("It is late.", tokens=9))

    primary, shadow = served(place)

    assert (primary.target, primary.version, primary.parent) == ("a/old", "11", "")
    assert (shadow.target, shadow.version, shadow.rollout, shadow.step) == ("b/new", "12", "ro-1", 2)
    assert (shadow.parent, shadow.purpose) == (primary.id, "shadow")
    first, second = (msgspec.json.decode(sent.body) for sent in place.upstream.sent if isinstance(sent.body, bytes))
    assert first["messages"] == second["messages"]


def test_its_record_tells_how_the_two_compare() -> None:
    _, shadow = served(house(answer("It is on its way."), answer("It is late.", tokens=9)))

    assert shadow.notes["primary"].endswith("3 + 5 tokens")
    assert shadow.notes["shadow"].startswith("200 in ")
    assert shadow.notes["shadow"].endswith("3 + 9 tokens")
    assert float(shadow.notes["equal_text"]) == pytest.approx(0.5)


def test_streams_are_compared_by_what_they_say() -> None:
    _, shadow = served(house(streamed("one two"), streamed("one two")), stream=True)

    assert shadow.notes["equal_text"] == "1.000"


def test_a_candidate_that_fails_is_told_too_and_hurts_nobody() -> None:
    primary, shadow = served(house(answer("fine"), Script(status=500)))

    assert (primary.ending, shadow.ending) == ("finished", "failed")
    assert shadow.notes["shadow"].startswith("502 in ")


def test_the_caller_pays_nothing_for_it_and_none_of_its_limits_count_it() -> None:
    limits = limited(requests_per_minute=1)
    owner = msgspec.structs.replace(OWNER, limits=limits)
    place = house(answer("one"), answer("two"), principal=owner)

    primary, shadow = served(place)

    assert (shadow.ending, shadow.payer, shadow.principal) == ("finished", "shadow", "shadow")
    assert (shadow.lineage, shadow.customer) == ((), "")
    assert (primary.lineage, primary.price > 0, shadow.price > 0) == (("org-1", "p1"), True, True)
    assert place.account()[0] == 0


def test_shadows_have_limits_of_their_own() -> None:
    bounds = ShadowSettings(limits=limited(budget_nanos=1))
    place = house(answer("one"), snapshot=shop(OLD, NEW, shadows=bounds))

    primary, shadow = served(place)

    assert (primary.ending, shadow.ending, shadow.fault) == ("finished", "refused", "project_spend_limit_exceeded")


def test_they_are_allowed_what_the_caller_is_allowed() -> None:
    narrowed = msgspec.structs.replace(OWNER, providers=("a",))

    primary, shadow = served(house(answer("one"), principal=narrowed))

    assert (primary.ending, shadow.ending, shadow.fault) == ("finished", "refused", "model_not_allowed")


@pytest.mark.parametrize(
    ("fields", "snapshot"),
    [
        ({"web_search_options": {}}, shop(OLD, NEW)),
        ({"tools": [{"type": "web_search"}]}, shop(OLD, NEW)),
        ({"store": True}, shop(OLD, NEW)),
        ({}, shop(OLD, NEW, cache=CacheSettings(zero_retention=True))),
    ],
)
def test_what_acts_elsewhere_is_kept_or_must_not_be_repeated_casts_no_shadow(
    fields: dict[str, Any], snapshot: Snapshot
) -> None:
    assert len(served(house(answer("one"), snapshot=snapshot), **fields)) == 1


def test_tools_that_the_caller_runs_cast_one() -> None:
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]

    assert len(served(house(answer("one"), answer("two")), tools=tools)) == 2


def test_nothing_follows_an_answer_that_failed_or_one_of_the_candidates_own() -> None:
    failed = house(*[Script(status=500)] * 3)

    async def scenario() -> None:
        with pytest.raises(Exception, match="upstream_error"):
            await failed.serve(ask(failed.snapshot))
        await idle(failed)

    asyncio.run(scenario())

    assert len(failed.journal.ended) == 1
    assert len(served(house(answer("one"), position=rollout(share=1.0, shadow=1.0)))) == 1


def test_only_a_part_is_asked_again() -> None:
    place = house(*[answer("one")] * 400, position=rollout(share=0.0, shadow=0.25))

    async def scenario() -> None:
        for _ in range(200):
            (await place.serve(ask(place.snapshot))).start(CollectingSink())
            await idle(place)

    asyncio.run(scenario())
    shadows = sum(record.purpose == "shadow" for record in place.journal.ended)

    assert 30 <= shadows <= 70


def test_when_too_many_wait_the_next_is_dropped_and_counted_and_the_callers_notice_nothing() -> None:
    bounds = ShadowSettings(concurrent=1, waiting=1)
    place = house(snapshot=shop(OLD, NEW, shadows=bounds))
    silent = [answer("one"), Script.silent(), answer("two"), answer("three")]
    place.upstream.enqueue(*silent)

    async def scenario() -> None:
        for _ in range(3):
            (await place.serve(ask(place.snapshot))).start(CollectingSink())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        gauges = place.shadows.gauges()
        assert (gauges.running, gauges.waiting, gauges.dropped) == (1, 1, 1)
        await place.shadows.aclose()

    asyncio.run(scenario())

    assert [record.ending for record in place.journal.ended if not record.parent] == ["finished"] * 3
    assert place.account()[0] == 0
    assert place.journal.orphans == set()


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 40), name=st.sampled_from(("fine", "broken", "silent", "cut")))
def test_given_up_at_any_turn_of_the_loop_nothing_is_owed_and_the_callers_record_stands(at: int, name: str) -> None:
    candidates = {
        "fine": streamed("one two"),
        "broken": Script(status=500),
        "silent": Script.silent(),
        "cut": Script.sse('{"choices":[{"index":0,"delta":{"content":"one"}}]}', fault=Fault("severed", "cut")),
    }
    limits = ShadowSettings(limits=limited(requests_per_minute=10, concurrent=2, budget_nanos=10**15))
    place = house(streamed("one two"), candidates[name], snapshot=shop(OLD, NEW, shadows=limits))

    async def scenario() -> None:
        (await place.serve(ask(place.snapshot, stream=True))).start(CollectingSink())
        for _ in range(at):
            await asyncio.sleep(0)
        await place.shadows.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())

    primary, *shadows = place.journal.ended
    assert (primary.ending, primary.parent, len(shadows) <= 1) == ("finished", "", True)
    assert place.journal.orphans == set()
    assert place.account() == (0, 0, 0)
    assert place.upstream.open_lines == []
    assert place.complaints == []


@given(one=st.text(max_size=60), other=st.text(max_size=60))
def test_a_share_is_between_nothing_and_all_the_same_both_ways_and_all_of_itself(one: str, other: str) -> None:
    assert 0.0 <= equal_share(one, other) == equal_share(other, one) <= 1.0
    assert equal_share(one, one) == 1.0
