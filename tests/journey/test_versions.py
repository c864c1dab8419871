"""Which version of a model serves a request, and what it makes of it: the whole journey over the real languages."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.positions import ENOUGH, REJECTIONS, PositionBook
from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.body import Whole
from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.position import Position, assigned
from headworks.domain.principal import Principal
from headworks.domain.prompt import Template, Turn, Variable, pieces_of
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import CacheSettings, GuardRule, Model, Snapshot, Version
from headworks.domain.target import AskedModel, Target
from headworks.testing import CollectingSink, Script, ScriptedGuard, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House

HUB = Hub({dialect.name: dialect for dialect in (OpenAIChat(), Anthropic(), OpenAIResponses())})
ANSWER = {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
GOOD = Script.json(ANSWER)
BROKEN = Script(status=500)
PINNER = Principal(id="p1", name="tester", features=("pin_version",))
HELP = Template(
    reference="support@3",
    turns=(Turn("system", pieces_of("You help {{name}}.")), Turn("user", ("Hi",)), Turn("assistant", ("Hello",))),
    variables={"name": Variable(longest=20)},
)


def version(number: str, *targets: Target, **changes: Any) -> Version:
    retry = RetryPolicy(attempts=1)
    fields: dict[str, Any] = {
        "name": AskedModel("support"),
        "targets": targets,
        "retry": retry,
        "number": number,
        "digest": f"d{number}",
    }
    return Version(**fields | changes)


def shop(*versions: Version, live: str = "11", **changes: Any) -> Snapshot:
    by_number = {each.number: each for each in versions}
    own = by_number[live]
    model = Model(
        name=AskedModel("support"),
        targets=own.targets,
        retry=own.retry,
        live=live,
        numbers=tuple(by_number),
        versions=by_number,
    )
    other = Model(name=AskedModel("other"), targets=(sample_target("c/m"),), retry=own.retry)
    return Snapshot(revision="r", models={"support": model, "other": other}, **changes)


OLD, NEW = version("11", sample_target("a/old")), version("12", sample_target("b/new"))
SHOP = shop(OLD, NEW)


def ask(
    snapshot: Snapshot = SHOP, *, headers: dict[bytes, bytes] | None = None, front: str = "openai_chat", **fields: Any
) -> Call:
    content = {"model": "support", "messages": [{"role": "user", "content": "Hello"}], **fields}
    return sample_call(
        snapshot=snapshot,
        front=front,
        body=Whole(msgspec.json.encode(content)),
        headers={b"authorization": b"Bearer " + KEY, **(headers or {})},
        principal=None,
        ask=None,
    )


def rollout(share: float = 0.5, **changes: Any) -> Position:
    fields: dict[str, Any] = {
        "id": "ro-1",
        "model": "support",
        "baseline": "11",
        "candidate": "12",
        "share": share,
        "salt": "s",
        "step": 2,
    }
    return Position(**fields | changes)


def house(snapshot: Snapshot = SHOP, *scripts: Script, principal: Principal | None = None) -> House:
    return House(snapshot, ScriptedUpstream(list(scripts) or [GOOD] * 50), interpreter=HUB, principal=principal)


async def answered(house: House, call: Call) -> Exchange:
    (await house.serve(call)).start(CollectingSink())
    return house.journal.ended[-1]


def served(house: House, *calls: Call) -> list[Exchange]:
    """The records of calls that follow each other, in one loop."""

    async def scenario() -> list[Exchange]:
        return [await answered(house, call) for call in calls]

    return asyncio.run(scenario())


def refused(house: House, call: Call) -> Fault:
    with pytest.raises(Fault) as raised:
        asyncio.run(house.serve(call))
    return raised.value


def sent(house: House) -> dict[str, Any]:
    """The last body that an upstream got."""
    body = house.upstream.sent[-1].body
    assert isinstance(body, bytes)
    return msgspec.json.decode(body)


# ── Assignment ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_rollout_the_live_version_serves_and_is_told() -> None:
    place = house()

    async def scenario() -> None:
        reply = await place.serve(ask())
        assert (b"x-headworks-version", b"11") in reply.headers
        reply.start(CollectingSink())

    asyncio.run(scenario())
    record = place.journal.ended[-1]
    assert (record.target, record.version, record.rollout, record.step) == ("a/old", "11", "", 0)


def test_a_model_without_versions_says_nothing_of_one() -> None:
    place = house()

    async def scenario() -> None:
        call = ask()
        reply = await place.serve(msgspec.structs.replace(call, body=Whole(call.body.data.replace(b"support", b"other"))))
        assert b"x-headworks-version" not in dict(reply.headers)
        reply.start(CollectingSink())

    asyncio.run(scenario())
    assert place.journal.ended[-1].version == ""


def test_a_rollout_leads_its_share_to_the_candidate_and_the_record_says_which_step_did() -> None:
    place = house()
    place.positions.swap({"support": rollout(share=1.0)})

    (record,) = served(place, ask())

    assert (record.target, record.version, record.rollout, record.step) == ("b/new", "12", "ro-1", 2)


def test_a_session_keeps_its_version_and_sessions_are_spread() -> None:
    place = house()
    place.positions.swap({"support": rollout()})

    calls = [ask(headers={b"x-headworks-session": b"s%d" % (number % 12)}) for number in range(36)]
    told = [record.version for record in served(place, *calls)]
    versions = [set(told[number::12]) for number in range(12)]

    assert all(len(each) == 1 for each in versions)
    assert set.union(*versions) == {"11", "12"}


def test_sessions_of_the_same_name_are_not_one_for_two_tenants() -> None:
    def spread(key: str) -> list[str]:
        place = house(principal=Principal(id=key))
        place.positions.swap({"support": rollout()})
        calls = [ask(headers={b"x-headworks-session": b"%d" % number}) for number in range(24)]
        return [record.version for record in served(place, *calls)]

    assert spread("p1") != spread("p2")


def test_without_a_session_the_user_decides_and_without_a_user_the_key() -> None:
    place = house()
    place.positions.swap({"support": rollout()})

    told = [
        record.version
        for record in served(place, *(ask(user=f"u{number}") for number in range(12)), *(ask() for _ in range(6)))
    ]
    by_user, by_key = told[:12], set(told[12:])

    assert set(by_user) == {"11", "12"}
    assert len(by_key) == 1


def test_a_request_that_is_repeated_under_its_idempotency_key_keeps_its_version() -> None:
    place = house()
    place.positions.swap({"support": rollout(unit="request")})
    calls = [msgspec.structs.replace(ask(headers={b"idempotency-key": b"once"}), id=each) for each in "12"]

    first, again = served(place, *calls)

    assert (again.version, again.cache) == (first.version, "replay")


@given(unit=st.text(max_size=20), low=st.floats(0, 1), more=st.floats(0, 1))
def test_raising_the_share_only_adds_units_to_the_candidate(unit: str, low: float, more: float) -> None:
    high = min(1.0, low + more)

    if assigned(rollout(share=low), unit) == "12":
        assert assigned(rollout(share=high), unit) == "12"


def test_retries_stay_with_the_version_and_a_fallback_counts_for_it() -> None:
    first, second = sample_target("b/one"), sample_target("b/two", order=1)
    snapshot = shop(OLD, version("12", first, second, retry=RetryPolicy(attempts=2), fallbacks=(AskedModel("other"),)))
    place = house(snapshot, BROKEN, BROKEN, GOOD)
    place.positions.swap({"support": rollout(share=1.0)})

    (record,) = served(place, ask(snapshot))

    assert [tried.target for tried in record.tried] == ["b/one", "b/two", "c/m"]
    assert (record.version, record.rollout) == ("12", "ro-1")


def test_a_candidate_that_the_configuration_has_lost_is_served_by_the_live_version() -> None:
    place = house()
    place.positions.swap({"support": rollout(share=1.0, candidate="13")})

    (record,) = served(place, ask())

    assert record.version == "11"


def test_the_list_of_models_tells_the_name_once_with_its_versions() -> None:
    (told,) = (
        model
        for model in msgspec.json.decode(HUB.write_models("openai_chat", SHOP.listed_for(PINNER)))["data"]
        if model["id"] == "support"
    )

    assert (told["version"], told["versions"]) == ("11", ["11", "12"])


# ── Asking for a version ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_may_ask_for_a_version_gets_it_and_is_no_part_of_the_rollout() -> None:
    place = house(principal=PINNER)
    place.positions.swap({"support": rollout(share=0.0)})

    (record,) = served(place, ask(headers={b"x-headworks-version": b"12"}))

    assert (record.version, record.rollout) == ("12", "")


def test_asking_for_a_version_takes_a_feature() -> None:
    fault = refused(house(), ask(headers={b"x-headworks-version": b"12"}))

    assert (fault.code, fault.param) == ("feature_not_allowed", "x-headworks-version")


def test_an_unknown_version_is_not_found_and_the_known_ones_are_named() -> None:
    fault = refused(house(principal=PINNER), ask(headers={b"x-headworks-version": b"13"}))

    assert (fault.status, fault.code) == (404, "version_not_found")
    assert "11, 12" in fault.message


def test_who_may_not_use_the_model_learns_nothing_of_its_versions() -> None:
    stranger = Principal(id="p1", models=("other",), allows_all=False, features=("pin_version",))

    assert refused(house(principal=stranger), ask(headers={b"x-headworks-version": b"13"})).code == "model_not_allowed"


def test_a_version_of_a_model_without_versions_is_refused_not_passed_over() -> None:
    call = ask(headers={b"x-headworks-version": b"1"})
    call = msgspec.structs.replace(call, body=Whole(call.body.data.replace(b"support", b"other")))

    assert refused(house(principal=PINNER), call).code == "version_not_found"


# ── The instant circuit ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_candidate_that_fails_half_of_twenty_requests_gets_nothing_more_at_once() -> None:
    place = house(SHOP, *[BROKEN, GOOD] * (ENOUGH // 2), *[GOOD] * 5)
    place.positions.swap({"support": rollout(share=1.0, unit="request")})

    async def scenario() -> list[Exchange]:
        for _ in range(ENOUGH):
            try:
                (await place.serve(ask())).start(CollectingSink())
            except Fault:
                continue
        return [await answered(place, ask())]

    (after,) = asyncio.run(scenario())
    tripping = place.journal.ended[ENOUGH - 1]

    assert (after.version, after.rollout) == ("11", "ro-1")
    assert tripping.notes["rollout"] == "10 of 20 requests to version 12 have failed: it gets no more here"
    assert place.positions.gauges()["support"].tripped


def test_refusals_of_the_gateway_and_failures_of_the_baseline_trip_nothing() -> None:
    book = PositionBook({"support": rollout(share=0.5)})

    for _ in range(100):
        book.saw(rollout(), "11", failed=True)

    assert not book.gauges()["support"].tripped


def outcomes(book: PositionBook, unit: str, count: int, *, rejected: bool = True) -> bool:
    """Whether the candidate is still served after so many of this unit."""
    for _ in range(count):
        if book.tells(rollout(), "12", unit, rejected=rejected):
            book.saw(rollout(), "12", failed=rejected)
    return not book.gauges()["support"].tripped


def test_one_caller_whose_requests_are_malformed_takes_no_candidate_back_that_serves_others() -> None:
    book = PositionBook({"support": rollout(share=0.5)})

    assert outcomes(book, "well", 1, rejected=False)
    assert outcomes(book, "malformed", 1_000)
    assert book.gauges()["support"].outcomes == 1 + REJECTIONS
    assert outcomes(book, "another", REJECTIONS)
    assert not outcomes(book, "a third", REJECTIONS), "so many are not all wrong"


def test_a_candidate_that_rejects_everybody_is_taken_back_though_there_is_but_one_caller() -> None:
    book = PositionBook({"support": rollout(share=0.5)})

    assert outcomes(book, "the only one", ENOUGH - 1)
    assert not outcomes(book, "the only one", 1)


def test_rejections_of_one_caller_are_left_out_of_what_gates_are_told() -> None:
    rejecting = Script.json({"error": {"message": "no such field", "type": "invalid_request_error"}}, status=400)
    place = house(SHOP, GOOD, *[rejecting] * 12)
    place.positions.swap({"support": rollout(share=1.0, unit="session")})

    async def scenario() -> None:
        (await place.serve(ask(headers={b"x-headworks-session": b"well"}))).start(CollectingSink())
        for _ in range(12):
            with pytest.raises(Fault):
                await place.serve(ask(headers={b"x-headworks-session": b"malformed"}))

    asyncio.run(scenario())

    assert [each.merit for each in place.journal.ended] == ["served"] + ["failed"] * REJECTIONS + [""] * (12 - REJECTIONS)


def test_a_candidate_whose_fallback_has_to_serve_has_failed() -> None:
    snapshot = shop(OLD, version("12", sample_target("b/new"), fallbacks=(AskedModel("other"),)))
    place = house(snapshot, BROKEN, GOOD)
    place.positions.swap({"support": rollout(share=1.0)})

    (record,) = served(place, ask(snapshot))

    assert record.ending == "finished"
    assert place.positions.gauges()["support"].failures == 1


def test_a_candidate_whose_targets_are_left_alone_goes_on_failing_and_the_records_say_so() -> None:
    place = house(SHOP, *[BROKEN] * ENOUGH)
    place.positions.swap({"support": rollout(share=1.0, unit="request")})

    async def scenario() -> None:
        for _ in range(ENOUGH):
            with pytest.raises(Fault):
                await place.serve(ask())

    asyncio.run(scenario())
    failed = place.journal.ended

    assert any(not record.tried for record in failed), "its circuit has opened meanwhile"
    assert [record.merit for record in failed] == ["failed"] * ENOUGH
    assert place.positions.gauges()["support"].tripped


def test_a_new_step_is_judged_anew_and_the_same_one_is_not() -> None:
    book = PositionBook({"support": rollout(share=1.0)})
    for _ in range(ENOUGH):
        book.saw(rollout(), "12", failed=True)

    book.swap({"support": rollout(share=0.9, number=7)})
    same = book.of("support")
    book.swap({"support": rollout(share=0.9, step=3)})
    following = book.of("support")

    assert same is not None
    assert following is not None
    assert (same.share, following.share) == (0.0, 0.9)


@given(outcomes=st.lists(st.booleans(), max_size=60))
def test_it_trips_at_the_first_outcome_at_which_half_of_at_least_twenty_have_failed(outcomes: list[bool]) -> None:
    book = PositionBook({"support": rollout(share=1.0)})

    told = [bool(book.saw(rollout(), "12", failed=failed)) for failed in outcomes]

    due = [n for n in range(ENOUGH, len(outcomes) + 1) if 2 * sum(outcomes[:n]) >= n]
    assert [place + 1 for place, said in enumerate(told) if said] == due[:1]


# ── What a version makes of a request ────────────────────────────────────────────────────────────────────────────────────


def test_a_prompt_is_put_before_what_the_caller_says_and_its_turns_after_what_the_caller_has_the_system_say() -> None:
    snapshot = shop(version("11", sample_target("a/old"), template=HELP))
    place = house(snapshot)
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Bye"}]

    served(place, ask(snapshot, messages=messages, prompt_variables={"name": "Ada"}))

    body = sent(place)
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == [
        ("system", "You help Ada."),
        ("system", "Be short."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Bye"),
    ]
    assert "prompt_variables" not in body


def test_the_same_prompt_reaches_a_target_of_another_language() -> None:
    snapshot = shop(version("11", sample_target("a/old", dialect="anthropic"), template=HELP))
    place = house(
        snapshot,
        Script.json(
            {
                "type": "message",
                "role": "assistant",
                "content": [],
                "stop_reason": "end_turn",
                "id": "m",
                "model": "m",
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }
        ),
    )

    served(place, ask(snapshot, prompt_variables={"name": "Ada"}))

    assert sent(place)["system"] in ("You help Ada.", [{"type": "text", "text": "You help Ada."}])


@given(value=st.text(max_size=20))
def test_whatever_a_variable_holds_it_begins_no_turn_and_fills_no_other_place(value: str) -> None:
    said = HELP.said({"name": value})

    assert [turn.role for turn in said] == ["system", "user", "assistant"]
    assert said[0].text == f"You help {value}."


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (None, "needs a value for 'name'"),
        ({}, "needs a value for 'name'"),
        ({"name": "x" * 21}, "at most 20 are allowed"),
        ({"name": ["a", "list"]}, "must be an object of texts"),
        ("Ada", "must be an object of texts"),
    ],
)
def test_a_value_that_is_missing_or_cannot_be_used_is_refused_before_anything_is_sent(given_: Any, said: str) -> None:
    snapshot = shop(version("11", sample_target("a/old"), template=HELP))
    place = house(snapshot)

    fault = refused(place, ask(snapshot, **({} if given_ is None else {"prompt_variables": given_})))

    assert (fault.status, place.upstream.sent) == (400, [])
    assert said in fault.message


def test_defaults_hold_where_the_caller_says_nothing_and_what_is_fixed_holds_anyway() -> None:
    parameters: dict[str, Any] = {"defaults": {"temperature": 0.2, "seed": 7}, "fixed": {"max_tokens": 30, "top_p": 0.5}}
    snapshot = shop(version("11", sample_target("a/old"), **parameters))
    place = house(snapshot)

    served(place, ask(snapshot, temperature=0.9, max_tokens=1000, top_p=1))

    body = sent(place)
    assert (body["temperature"], body["seed"], body["top_p"]) == (0.9, 7, 0.5)
    assert body["max_completion_tokens"] == 30
    assert "max_tokens" not in body


def test_what_the_callers_language_has_no_word_for_reaches_a_target_that_has_one_and_is_reported_where_none_has() -> None:
    defaults = {"seed": 7, "stop": ("END",)}
    snapshot = shop(version("11", sample_target("a/old"), defaults=defaults))
    place = house(snapshot)
    own = shop(version("11", sample_target("a/old", dialect="anthropic"), defaults=defaults))
    there = house(
        own,
        Script.json(
            {"type": "message", "id": "m", "model": "m", "role": "assistant", "content": [], "stop_reason": "end_turn"}
        ),
    )

    served(place, ask(snapshot, front="anthropic", max_tokens=9))
    (record,) = served(there, ask(own, front="anthropic", max_tokens=9))

    assert sent(place)["seed"] == 7
    assert sent(there)["stop_sequences"] == ["END"]
    assert "seed: left out" in record.notes["downgrades"]


def test_limits_set_aside_what_the_prompt_adds_and_what_the_version_lets_be_written() -> None:
    long = Template(reference="p@1", turns=(Turn("system", ("word " * 400,)),))
    plain, shaped = shop(OLD), shop(version("11", sample_target("a/old"), template=long, fixed={"max_tokens": 30}))

    bare, dressed = house(plain), house(shaped)
    served(bare, ask(plain))
    served(dressed, ask(shaped))

    before, after = bare.journal.begun[-1], dressed.journal.begun[-1]
    assert after.reserved.input > before.reserved.input + 300
    assert after.reserved.output == 30


def test_a_prompt_is_put_before_chats_and_never_left_out_in_silence() -> None:
    snapshot = shop(version("11", sample_target("a/old"), template=HELP))
    call = msgspec.structs.replace(ask(snapshot, prompt="Once"), kind=Kind.COMPLETIONS)

    fault = refused(house(snapshot), call)

    assert "has a prompt, which completions would go without" in fault.message


def test_what_is_no_question_to_a_model_that_answers_is_left_as_it_is() -> None:
    snapshot = shop(version("11", sample_target("a/old"), template=HELP, fixed={"temperature": 0.5}))
    place = house(snapshot, Script.json({"object": "list", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
    call = msgspec.structs.replace(ask(snapshot), kind=Kind.EMBEDDINGS, body=Whole(b'{"model":"support","input":"Hello"}'))

    served(place, call)

    assert sent(place) == {"model": "old", "input": "Hello"}


def test_a_version_without_anything_to_add_leaves_the_callers_bytes_alone() -> None:
    place = house()
    call = ask(temperature=1)

    served(place, call)

    assert place.upstream.sent[-1].body == call.body.data.replace(b'"support"', b'"old"')


def test_exact_answers_are_remembered_by_version() -> None:
    target = sample_target("a/old")
    snapshot = shop(version("11", target), version("12", target, fixed={"seed": 1}), cache=CacheSettings(enabled=True))
    place = house(snapshot, principal=PINNER)

    records = served(place, *(ask(snapshot, headers={b"x-headworks-version": number}) for number in (b"11", b"12", b"12")))

    assert [record.cache for record in records] == ["miss", "miss", "hit"]


def test_a_versions_guards_judge_its_questions_and_no_others() -> None:
    rule = GuardRule(name="strict", named=True)
    snapshot = shop(OLD, version("12", sample_target("b/new"), guards=("strict",)), guards=(rule,))
    place = house(snapshot, principal=PINNER)
    judge = ScriptedGuard(name="strict")
    place.judges.append(judge)

    served(place, ask(snapshot), ask(snapshot, headers={b"x-headworks-version": b"12"}))

    assert judge.judged == ["Hello"]
