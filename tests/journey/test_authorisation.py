"""Who may have which model for what, whichever way it is reached: the failures of others, each as a test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from headworks.balancing.positions import PositionBook
from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.policy import PolicyRule
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import CacheSettings, GuardRule, Model, Snapshot
from headworks.domain.target import AskedModel, Target
from headworks.domain.where import NOWHERE, Where
from headworks.guards.pattern import PatternGuards
from headworks.journey import Authorise, Cache, Guard
from headworks.journey.foreign import Foreign
from headworks.journey.permission import Permission
from headworks.journey.planner import Planner
from headworks.journey.shadows import Shadows
from headworks.journey.versioning import Versioning
from headworks.policies import PolicyBook
from headworks.stores.memory import MemoryAnswers, MemoryReplays, MemoryShelf
from headworks.stores.responses import SealedResponses
from headworks.testing import (
    CollectingSink,
    FrozenClock,
    Script,
    ScriptedGuard,
    ScriptedUpstream,
    sample_call,
    sample_target,
    seeded,
)

from .plain import IDS, KEY, REFERENCES, House

BROKEN = Script(status=500, pieces=(b"no",))
GOOD = Script(pieces=(b"usage:5,6",))
HUB = Hub({dialect.name: dialect for dialect in (OpenAIChat(), Anthropic(), Cohere())})


def shop(*models: Model, **changes: Any) -> Snapshot:
    return Snapshot(revision="r", models={model.name: model for model in models}, **changes)


def model(name: str, *targets: Target, fallbacks: tuple[str, ...] = ()) -> Model:
    retry = RetryPolicy(attempts=1)
    return Model(name=AskedModel(name), targets=targets, fallbacks=tuple(map(AskedModel, fallbacks)), retry=retry)


SPREAD = (
    sample_target("openai/m", region="eu"),
    sample_target("azure/m", region="us"),
    sample_target("lab/m"),
)


class Desk:
    """Authorise alone, in both languages, over the real policies."""

    def __init__(self) -> None:
        self.planner = Planner()
        permission = Permission(self.planner, PolicyBook())
        responses = SealedResponses(MemoryShelf(FrozenClock()), [bytes(32)])
        self.stage = Authorise(
            HUB,
            permission,
            REFERENCES,
            Foreign(IDS, responses, permission),
            Versioning(PositionBook(), permission, HUB, Shadows(HUB, FrozenClock(), str, print), seeded(1)),
        )

    def decide(self, principal: Principal, snapshot: Snapshot, **changes: Any) -> str:
        """The code that a request is refused with, or the targets that it may go to."""
        try:
            call = self.passed(principal, snapshot, **changes)
        except Fault as fault:
            return fault.code
        assert call.plan is not None
        return " ".join(target.name for target in call.plan.targets)

    def passed(self, principal: Principal, snapshot: Snapshot, **changes: Any) -> Call:
        """The call as the next stage gets it."""
        passed: list[Call] = []

        def proceed(call: Call) -> Awaitable[Reply]:
            passed.append(call)
            return _nothing()

        body = changes.pop("body", {})
        whole: Whole = changes.pop("whole", None) or Whole(
            msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, **body})
        )
        call = sample_call(snapshot=snapshot, principal=principal, ask=None, body=whole, **changes)
        asyncio.run(_finished(self.stage(call, proceed)))
        return passed[0]


async def _nothing() -> Reply:
    return Reply.of(200, [], b"")


async def _finished(waiting: Awaitable[Reply]) -> None:
    await waiting


@pytest.mark.parametrize(
    ("bounds", "served"),
    [
        ({}, "openai/m azure/m lab/m"),
        ({"providers": ("azure", "openai")}, "openai/m azure/m"),
        ({"regions": ("eu",)}, "openai/m"),
        ({"regions": ("eu", "us")}, "openai/m azure/m"),  # a target that tells no region is in none
        ({"regions": ("",)}, "lab/m"),
        ({"regions": ("eu",), "providers": ("azure",)}, "model_not_allowed"),
        ({"providers": ()}, "model_not_allowed"),
        ({"levels": (("*",), ("m",))}, "openai/m azure/m lab/m"),
        ({"levels": (("*",), ("n",))}, "model_not_allowed"),
        ({"levels": ((),)}, "model_not_allowed"),
        ({"endpoints": ("embeddings",)}, "endpoint_not_allowed"),
        ({"endpoints": ()}, "endpoint_not_allowed"),
        ({"endpoints": ("chat",)}, "openai/m azure/m lab/m"),
        ({"policies": ("gone",)}, "policy_denied"),
    ],
)
def test_what_a_caller_is_narrowed_to(bounds: dict[str, Any], served: str) -> None:
    assert Desk().decide(Principal(id="p", **bounds), shop(model("m", *SPREAD))) == served


def test_a_plan_that_is_remembered_for_one_caller_is_not_another_s() -> None:
    desk, snapshot = Desk(), shop(model("m", *SPREAD))
    narrow, other, wide = Principal(id="a", regions=("eu",)), Principal(id="b", regions=("us",)), Principal(id="c")

    for _ in range(2):
        assert desk.decide(narrow, snapshot) == "openai/m"
        assert desk.decide(wide, snapshot) == "openai/m azure/m lab/m"
        assert desk.decide(other, snapshot) == "azure/m"
    plans = [desk.passed(Principal(id=name, regions=("eu",)), snapshot).plan for name in "xy"]
    assert plans[0] is plans[1]


def test_a_reload_leaves_no_list_of_before_in_force() -> None:
    desk, rule = Desk(), PolicyRule(name="p", when='team == "old"')
    before = shop(model("m", *SPREAD))
    after = shop(model("m", sample_target("azure/m", region="eu")), policies=(rule,))

    assert desk.decide(Principal(id="p", regions=("eu",)), before) == "openai/m"
    assert desk.decide(Principal(id="p", regions=("eu",)), after) == "azure/m"
    assert desk.decide(Principal(id="p", team="old"), before) == "openai/m azure/m lab/m"
    assert desk.decide(Principal(id="p", team="old"), after) == "policy_denied"


def test_a_target_that_a_request_is_pinned_to_is_narrowed_too() -> None:
    snapshot = shop(model("m", *SPREAD))

    assert Desk().decide(Principal(id="p", regions=("eu",)), snapshot, pinned=SPREAD[1]) == "model_not_allowed"
    assert Desk().decide(Principal(id="p", regions=("eu",)), snapshot, pinned=SPREAD[0]) == "openai/m"


@pytest.mark.parametrize(
    ("front", "kind", "endpoint"),
    [
        ("openai_chat", Kind.CHAT, "chat"),
        ("anthropic", Kind.CHAT, "chat"),
        ("anthropic", Kind.COUNT_TOKENS, "count_tokens"),
        ("openai_chat", Kind.MODELS, "models"),
        ("openai_chat", Kind.MODEL, "models"),
    ],
)
def test_an_endpoint_is_the_same_at_every_front(front: str, kind: Kind, endpoint: str) -> None:
    """Others closed `/v1/chat/completions` and left `/v1/messages` open."""
    others = tuple({"chat", "count_tokens", "models", "embeddings"} - {endpoint})
    snapshot = shop(model("m", sample_target("openai/m"), sample_target("anthropic/m", dialect="anthropic")))

    said: dict[str, Any] = {"front": front, "kind": kind, "where": Where("m") if kind is Kind.MODEL else NOWHERE}

    assert Desk().decide(Principal(id="p", endpoints=others), snapshot, **said) == "endpoint_not_allowed"
    call = Desk().passed(Principal(id="p", endpoints=(endpoint,)), snapshot, **said)
    assert call.kind is kind


IMAGE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]


@pytest.mark.parametrize(
    ("front", "body", "feature"),
    [
        ("openai_chat", {"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ("openai_chat", {"logprobs": True}, "logprobs"),
        ("openai_chat", {"reasoning_effort": "high"}, "reasoning"),
        ("openai_chat", {"response_format": {"type": "json_schema", "json_schema": {}}}, "json_schema"),
        ("openai_chat", {"audio": {"voice": "x"}, "modalities": ["text", "audio"]}, "audio_out"),
        ("openai_chat", {"messages": [{"role": "user", "content": IMAGE}]}, "images"),
        (
            "openai_chat",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}]}
                ]
            },
            "audio",
        ),
        (
            "openai_chat",
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "AA"}}]}]},
            "documents",
        ),
        ("anthropic", {"tools": [{"name": "f", "input_schema": {}}]}, "tools"),
        ("anthropic", {"thinking": {"type": "enabled", "budget_tokens": 1024}}, "reasoning"),
        (
            "anthropic",
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "data": "AA"}}]}]},
            "images",
        ),
        (
            "anthropic",
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "base64", "data": "AA"}}]}]},
            "documents",
        ),
        ("cohere", {"messages": [{"role": "user", "content": IMAGE}]}, "images"),
        ("cohere", {"documents": ["x"]}, "documents"),
        ("cohere", {"thinking": {"type": "enabled"}}, "reasoning"),
        ("cohere", {"response_format": {"type": "json_object", "json_schema": {"type": "object"}}}, "json_schema"),
    ],
)
def test_an_ordinary_feature_is_free_unless_a_level_leaves_it_out(front: str, body: dict[str, Any], feature: str) -> None:
    snapshot = shop(model("m", sample_target("openai/m")))
    everything = ("tools", "images", "audio", "audio_out", "documents", "logprobs", "json_schema", "reasoning")
    others = tuple(name for name in everything if name != feature)

    def decide(principal: Principal) -> str:
        return Desk().decide(principal, snapshot, front=front, body=body)

    assert decide(Principal(id="p")) == "openai/m"
    assert decide(Principal(id="p", ordinary=(feature,))) == "openai/m"
    assert decide(Principal(id="p", ordinary=others)) == "feature_not_allowed"
    assert decide(Principal(id="p", ordinary=())) == "feature_not_allowed"


@pytest.mark.parametrize(
    ("front", "text", "feature"),
    [
        (
            "openai_chat",
            r'"messages":[{"role":"user","content":[{"type":"image_url","image\u005furl":{"url":"x"}}]}]',
            "images",
        ),
        (
            "openai_chat",
            r'"messages":[{"role":"user","content":[{"type" : "image_url", "image_url" : {"url":"x"}}]}]',
            "images",
        ),
        ("openai_chat", r'"messages":[{"role":"user","content":[{"image_url":{"url":"x"}}]}]', "images"),
        ("openai_chat", r'"messages":[{"role":"user","content":"x","images":["AA"]}]', "images"),
        ("openai_chat", r'"messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"x"}}]}]', "video"),
        ("openai_chat", r'"messages":[{"role":"user","content":[{"type":"hologram"}]}]', "hologram"),
        ("openai_chat", r'"messages":[{"role":"user","content":"x"}],"functions":[{"name":"f"}]', "tools"),
        ("openai_chat", r'"messages":[{"role":"user","content":"x"}],"t\u006fols":[{"type":"function"}]', "tools"),
        ("openai_chat", r'"messages":[{"role":"user","content":"x"}],"modalities":["audi\u006f"]', "audio_out"),
        (
            "openai_chat",
            r'"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json\u005fschema"}',
            "json_schema",
        ),
        (
            "anthropic",
            r'"messages":[{"role":"user","content":[{"type":"\u0069mage","source":{"type":"base64","data":"AA"}}]}]',
            "images",
        ),
        (
            "anthropic",
            r'"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image","source":{}}]}]}]',
            "images",
        ),
        (
            "anthropic",
            r'"messages":[{"role":"user","content":"x"}],"output_config":{"format":{"type":"json_schema"}}',
            "json_schema",
        ),
        ("anthropic", r'"messages":[{"role":"user","content":"x"}],"system":[{"type":"document","source":{}}]', "documents"),
    ],
)
def test_a_feature_that_was_taken_is_not_had_by_writing_it_otherwise(front: str, text: str, feature: str) -> None:
    snapshot, body = shop(model("m", sample_target("openai/m"))), Whole(b'{"model":"m","max_tokens":9,%b}' % text.encode())

    with pytest.raises(Fault, match=f"uses '{feature}'"):
        Desk().passed(Principal(id="p", ordinary=()), snapshot, front=front, whole=body)
    assert Desk().passed(Principal(id="p"), snapshot, front=front, whole=body).plan


@pytest.mark.parametrize(
    ("front", "text"),
    [
        (
            "openai_chat",
            r'"messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"\"type\":\"image\""}]}]',
        ),
        (
            "openai_chat",
            r'"messages":[{"role":"tool","tool_call_id":"1","content":"x"}],"tools":[],"logprobs":false,"reasoning_effort":"none"',
        ),
        (
            "openai_chat",
            r'"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"},"modalities":["text"]',
        ),
        (
            "anthropic",
            r'"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]',
        ),
        ("anthropic", r'"messages":[{"role":"user","content":"x"}],"thinking":{"type":"disabled"},"tools":null'),
    ],
)
def test_what_asks_for_nothing_is_no_feature(front: str, text: str) -> None:
    snapshot, body = shop(model("m", sample_target("openai/m"))), Whole(b'{"model":"m","max_tokens":9,%b}' % text.encode())

    assert Desk().passed(Principal(id="p", ordinary=()), snapshot, front=front, whole=body).plan


def test_a_plain_request_needs_no_feature() -> None:
    assert Desk().decide(Principal(id="p", ordinary=()), shop(model("m", sample_target("openai/m")))) == "openai/m"


def ask(snapshot: Snapshot, header: bytes = b"authorization", value: bytes = b"Bearer " + KEY) -> Call:
    return sample_call(snapshot=snapshot, body=Whole(b'{"model":"m"}'), headers={header: value}, principal=None, ask=None)


@pytest.mark.parametrize(
    ("header", "value"),
    [(b"authorization", b"Bearer " + KEY), (b"x-api-key", KEY), (b"api-key", KEY), (b"x-goog-api-key", KEY)],
)
@pytest.mark.parametrize(
    "bounds",
    [{"levels": (("n",),)}, {"regions": ("us",)}, {"providers": ()}, {"endpoints": ("embeddings",)}, {"policies": ("gone",)}],
)
def test_a_restriction_holds_whichever_header_brings_the_key(header: bytes, value: bytes, bounds: dict[str, Any]) -> None:
    async def scenario() -> None:
        snapshot = shop(model("m", sample_target("openai/m", region="eu")))
        house = House(snapshot, ScriptedUpstream([GOOD]), principal=Principal(id="p", **bounds))
        with pytest.raises(Fault) as refused:
            await house.serve(ask(snapshot, header, value))
        assert refused.value.status == 403
        assert not house.upstream.sent

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("bounds", "tried"),
    [
        ({}, ["openai/m", "azure/n"]),
        ({"regions": ("eu",)}, ["openai/m", "lab/o"]),
        ({"providers": ("openai", "lab")}, ["openai/m", "lab/o"]),
        ({"levels": (("*",), ("m", "o"))}, ["openai/m", "lab/o"]),
        ({"team": "guarded"}, ["openai/m", "lab/o"]),
        ({"providers": ("openai",)}, ["openai/m"]),
    ],
)
def test_a_fallback_is_no_way_round_a_restriction(bounds: dict[str, Any], tried: list[str]) -> None:
    """Others checked the model that was asked for, and served any."""
    snapshot = shop(
        model("m", sample_target("openai/m", region="eu"), fallbacks=("n", "o")),
        model("n", sample_target("azure/n", region="us")),
        model("o", sample_target("lab/o", region="eu")),
        policies=(PolicyRule(name="no-n", when='team == "guarded" && model == "n"'),),
    )

    async def scenario() -> None:
        house = House(snapshot, ScriptedUpstream([BROKEN, GOOD]), principal=Principal(id="p", **bounds))
        with contextlib.suppress(Fault):  # where no fallback is left
            (await house.serve(ask(snapshot))).start(CollectingSink())
        assert [one.target for one in house.journal.ended[-1].tried] == tried

    asyncio.run(scenario())


def test_a_refusal_takes_nothing_of_any_limit_and_is_on_record() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m", sample_target("openai/m")), policies=(PolicyRule(name="never", when="true"),))
        house = House(snapshot, ScriptedUpstream([GOOD]))
        with pytest.raises(Fault):
            await house.serve(ask(snapshot))
        record = house.journal.ended[-1]
        assert (record.fault, record.ending, record.detail) == ("policy_denied", "refused", "policy never: true")
        assert house.account()[:2] == (0, 0)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({b"x-headworks-tags": b"a"}, "x-headworks-tags"),
        ({b"x-headworks-tags": b"env=prod"}, "fixed for this key"),
        ({b"x-headworks-tags": b"a=1,a=2"}, "twice"),
        ({b"x-headworks-customer": b"other"}, "another customer"),
        ({b"x-headworks-session": b"s" * 300}, "longer than 256"),
    ],
)
def test_what_a_caller_says_wrongly_of_itself_is_refused_whoever_needs_it(headers: dict[bytes, bytes], told: str) -> None:
    snapshot = shop(model("m", sample_target("openai/m")))
    with pytest.raises(Fault) as refused:
        Desk().passed(Principal(id="p", tags={"env": "dev"}), snapshot, headers=headers, body={"user": "acme"})

    assert refused.value.code == "invalid_request"
    assert told in refused.value.message


def test_a_customer_that_is_fixed_for_a_key_cannot_be_another() -> None:
    snapshot = shop(model("m", sample_target("openai/m")), policies=(PolicyRule(name="p", when='customer != "acme"'),))
    fixed = Principal(id="p", tags={"customer": "acme"})

    assert Desk().decide(fixed, snapshot, body={"user": "else"}) == "openai/m"
    assert Desk().decide(fixed, snapshot, headers={b"x-headworks-customer": b"else"}) == "invalid_request"
    assert Desk().decide(Principal(id="p"), snapshot, front="anthropic", body={"metadata": {"user_id": "acme"}}) == "openai/m"
    assert (
        Desk().decide(Principal(id="p"), snapshot, front="anthropic", body={"metadata": {"user_id": "else"}}) == "policy_denied"
    )
    assert Desk().decide(Principal(id="p"), snapshot, front="anthropic", body={"metadata": 7}) == "invalid_request"


@pytest.mark.parametrize(
    ("rules", "guards", "question", "code"),
    [
        ((GuardRule(name="g", patterns=("bad",)),), (), "bad", "guard_blocked"),
        ((GuardRule(name="g", patterns=("bad",), named=True),), (), "bad", ""),
        ((GuardRule(name="g", patterns=("bad",), named=True),), ("g",), "bad", "guard_blocked"),
        ((GuardRule(name="g", patterns=("bad",), named=True),), ("g",), "good", ""),
        ((GuardRule(name="g", patterns=("bad",)),), ("g",), "good", ""),
        ((GuardRule(name="g", patterns=("bad",)),), ("gone",), "good", "guard_blocked"),
        ((), ("gone",), "good", "guard_blocked"),
    ],
)
def test_guards_of_all_levels_judge_together_and_one_that_is_missing_blocks(
    rules: tuple[GuardRule, ...], guards: tuple[str, ...], question: str, code: str
) -> None:
    compiled = PatternGuards()
    stage = Guard(lambda snapshot: compiled.of(snapshot.guards), HUB)
    snapshot = shop(model("m", sample_target("openai/m")), guards=rules)
    call = Desk().passed(Principal(id="p", guards=guards), snapshot, body={"messages": [{"role": "user", "content": question}]})

    async def scenario() -> str:
        try:
            await stage(call, lambda _: _nothing())
        except Fault as fault:
            return fault.code
        return ""

    assert asyncio.run(scenario()) == code


def test_a_guard_that_judges_some_is_not_asked_about_others() -> None:
    judge = ScriptedGuard(name="g")
    stage = Guard(lambda _: (judge,), HUB)
    snapshot = shop(model("m", sample_target("openai/m")), guards=(GuardRule(name="g", named=True),))
    asyncio.run(_finished(stage(Desk().passed(Principal(id="p"), snapshot), lambda _: _nothing())))

    assert judge.judged == []


@pytest.mark.parametrize(
    ("tags", "headers", "customer"),
    [({}, {b"x-headworks-customer": b"acme"}, "acme"), ({"customer": "globex"}, {}, "globex"), ({"env": "dev"}, {}, "")],
)
def test_the_record_has_the_customer_that_policies_saw_by_reference(
    tags: dict[str, str], headers: dict[bytes, bytes], customer: str
) -> None:
    async def scenario() -> None:
        snapshot = shop(model("m", sample_target("openai/m")))
        house = House(snapshot, ScriptedUpstream([GOOD]), principal=Principal(id="p", tags=tags))
        call = msgspec.structs.replace(ask(snapshot), headers={b"x-api-key": KEY, **headers})
        (await house.serve(call)).start(CollectingSink())
        reference = REFERENCES.customer("", customer) if customer else ""
        assert (house.journal.begun[-1].customer, house.journal.ended[-1].customer) == (reference, reference)

    asyncio.run(scenario())


def test_an_answer_that_is_remembered_from_elsewhere_is_not_given_to_a_caller_who_was_narrowed_since() -> None:
    snapshot = shop(model("m", *SPREAD), cache=CacheSettings(enabled=True))
    stage = Cache(MemoryAnswers(FrozenClock(), 1_000), MemoryReplays(FrozenClock()), HUB)
    asked: list[Call] = []

    async def answer(call: Call) -> Reply:
        asked.append(call)
        return Reply.of(200, [], b"answer")

    async def serve(call: Call) -> None:
        (await stage(call, answer)).start(CollectingSink())
        call.closing.close(Outcome(Ending.FINISHED, 200))

    narrow: dict[str, Any] = {"regions": ("eu",)}
    for bounds, times in (({}, 1), ({}, 1), (narrow, 2), (narrow, 2)):
        asyncio.run(serve(Desk().passed(Principal(id="p", **bounds), snapshot)))
        assert len(asked) == times
