"""All dialects together: untouched where caller and target speak the same, translated where they do not, and never lossy in silence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.translated import Translated
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel, Quirks, Target
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Relay
from headworks.testing.samples import sample_target
from tests.dialects.openai_wire import DONE, USAGE, Json, compact, last_counts, say, sse, whole

OPENAI = "openai_chat"


class Cousin(OpenAIChat):
    """Another name for the same language, so that what passes between the two is translated."""

    name = "cousin"
    forward: frozenset[bytes] = frozenset((b"traceparent", b"x-cousin"))
    answer: frozenset[bytes] = frozenset((b"x-cousin-id",))

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Says all but `seed`."""
        lost = () if talk.sampling.seed is None else (Downgrade("seed", "left out"), Downgrade("seed", "again"))
        return super().write_request(talk, target)[0], lost

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """Breaks on one answer."""
        if b"BREAK" in body:
            raise ZeroDivisionError
        return super().read_answer(body, target)

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:
        """Marks its answers."""
        return b" " + super().write_answer(events, ask)


HUB = Hub({OPENAI: OpenAIChat(), "cousin": Cousin()})


def prepare(
    body: Json, cap: int | None = None, kind: Kind = Kind.CHAT, **changes: Any
) -> tuple[Json, Relay, tuple[Downgrade, ...]]:
    raw = compact({"model": "alias", "messages": [{"role": "user", "content": "Hi"}], **body})
    ask = HUB.read_ask(OPENAI, kind, raw)
    prepared = HUB.prepare(OPENAI, kind, ask, raw, sample_target(**changes), cap)
    return json.loads(prepared.body), prepared.relay, prepared.downgrades


def translated(**body: Any) -> Relay:
    _, relay, _ = prepare(body, dialect="cousin")
    assert isinstance(relay, Translated)
    return relay


def test_the_same_dialect_is_left_alone() -> None:
    body, relay, downgrades = prepare({"seed": 1, "unheard_of": True})

    assert (body["model"], body["seed"], body["unheard_of"]) == ("model", 1, True)
    assert not isinstance(relay, Translated)
    assert downgrades == ()


def test_another_dialect_is_translated_and_its_losses_are_reported() -> None:
    body, relay, downgrades = prepare({"seed": 1}, dialect="cousin")

    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert isinstance(relay, Translated)
    assert [downgrade.path for downgrade in downgrades] == ["seed", "seed"]


def test_a_cap_lowers_what_is_asked() -> None:
    for dialect in (OPENAI, "cousin"):
        assert prepare({"max_tokens": 50}, 10, dialect=dialect)[0]["max_tokens"] == 10
        assert prepare({"max_tokens": 5}, 10, dialect=dialect)[0]["max_tokens"] == 5
        assert prepare({}, 10, dialect=dialect)[0]["max_completion_tokens"] == 10


@pytest.mark.parametrize("changes", [{"dialect": "cousin"}, {"quirks": Quirks(drop=("seed",))}])
def test_an_operator_can_forbid_losses(changes: Json) -> None:
    with pytest.raises(Fault) as caught:
        prepare({"seed": 1}, inexpressible="error", **changes)

    assert (caught.value.code, caught.value.param) == ("inexpressible", "seed")
    assert "test/model" in caught.value.message


def test_a_rejected_field_is_reported_where_it_was_used() -> None:
    quirks = Quirks(drop=("seed", "user", "stream_options"), stream_usage=False)

    body, _, downgrades = prepare({"seed": 1, "stream": True, "stream_options": {"include_usage": True}}, quirks=quirks)

    assert body.keys() == {"model", "messages", "stream"}
    assert [downgrade.path for downgrade in downgrades] == ["seed"]


def test_what_is_only_carried_is_not_translated() -> None:
    with pytest.raises(Fault) as caught:
        prepare({"prompt": "Hi"}, kind=Kind.COMPLETIONS, dialect="cousin")

    assert (caught.value.code, caught.value.param) == ("inexpressible", "model")


def test_a_count_that_the_target_cannot_make_is_estimated() -> None:
    ask = Ask(model=AskedModel("m"), prompt_tokens=42)

    prepared = HUB.prepare(OPENAI, Kind.COUNT_TOKENS, ask, b"{}", sample_target(dialect="cousin"), None)

    assert json.loads(prepared.answer)["input_tokens"] == 42
    assert len(prepared.downgrades) == 1


def test_only_headers_that_both_know_travel_between_dialects() -> None:
    ours, theirs = sample_target(), sample_target(dialect="cousin")

    assert b"openai-beta" in HUB.forwarded(OPENAI, ours)
    assert HUB.forwarded(OPENAI, theirs) == {b"traceparent"}
    assert b"openai-processing-ms" in HUB.returned(OPENAI, ours)
    assert HUB.returned(OPENAI, theirs) == set()


def test_models_are_listed() -> None:
    model = Model(name=AskedModel("gpt"), targets=(), created=7)

    assert json.loads(HUB.write_models(OPENAI, [model])) == {
        "object": "list",
        "data": [{"id": "gpt", "object": "model", "created": 7, "owned_by": "headworks"}],
    }
    assert json.loads(HUB.write_model(OPENAI, model))["id"] == "gpt"


# ── the relay between dialects ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stream_is_translated_as_it_comes() -> None:
    relay = translated(stream=True, stream_options={"include_usage": True})
    data = b": wait\n\n" + sse(say(""), say("Hel"), say("lo"), last_counts()) + DONE

    out = [relay.feed(data[at : at + 50]) for at in range(0, len(data), 50)] + [relay.close()]

    assert sum(b"content" in piece for piece in out) > 1
    assert b"".join(out).endswith(DONE)
    assert (relay.began, relay.ended, relay.fault) == (True, True, None)
    assert (relay.usage, relay.pieces, relay.content_bytes) == (Usage(input=9, output=4), 2, 5)
    assert (relay.served_model, relay.upstream_id) == ("m-1", "chatcmpl-1")


def test_nothing_has_begun_before_content() -> None:
    relay = translated(stream=True)

    relay.feed(b": wait\n\n" + sse(say("")))
    assert not relay.began
    relay.feed(sse(say("H")))
    assert relay.began


def test_a_whole_answer_is_translated() -> None:
    relay = translated()

    out = relay.feed(compact(whole({"content": "Hello"}, usage=USAGE))) + relay.close()

    assert json.loads(out)["choices"][0]["message"]["content"] == "Hello"
    assert (relay.ended, relay.fault, relay.usage) == (True, None, Usage(input=9, output=4))


def test_a_whole_answer_to_a_streaming_caller_becomes_a_stream() -> None:
    relay = translated(stream=True)
    data = compact(whole({"content": "Hello"}))

    out = relay.feed(data[:20]) + relay.feed(data[20:]) + relay.close()

    assert b'"content":"Hello"' in out
    assert out.endswith(DONE)


def test_a_stream_to_a_caller_that_wanted_none_becomes_whole() -> None:
    relay = translated()

    out = relay.feed(sse(say("Hel"), say("lo")) + DONE) + relay.close()

    assert json.loads(out)["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html>", "severed"),
        (b'{"choices":', "upstream_garbage"),
        (b'{"error":{"message":"boo","code":503}}', "upstream_overloaded"),
        (b'{"choices":[],"id":"BREAK"}', "upstream_garbage"),
        (sse(say("Hi")), "severed"),
        (sse(say("Hi"), {"error": {"message": "boo", "code": 429}}, say("more")), "upstream_throttled"),
        (b"data: {oops\n\n", "upstream_garbage"),
    ],
)
def test_what_goes_wrong_is_a_fault(stream: bool, data: bytes, code: str) -> None:  # noqa: FBT001 - a parameter of the test
    relay = translated(stream=stream)

    out = relay.feed(data) + relay.close()

    assert relay.fault is not None
    assert relay.fault.code == code
    assert DONE not in out
    assert relay.feed(sse(say("more")) + DONE) == b""
    told = relay.fail(relay.fault, "req-1")
    assert (b"data: " in told) is stream


def test_an_answer_is_not_collected_without_bound() -> None:
    relay = translated(stream=True)

    relay.feed(b'{"choices":"')
    for _ in range(65):
        relay.feed(b"x" * 1024 * 1024)

    assert relay.fault is not None
    assert relay.fault.code == "upstream_too_large"


def test_delivered_output_is_estimated_while_nothing_is_reported() -> None:
    relay = translated(stream=True)

    relay.feed(sse(*[say("word")] * 50))
    assert relay.estimated_output() == 50
    relay.feed(sse(say("x" * 4000)))
    assert relay.estimated_output() == 1050


def test_faults_are_said_in_the_callers_language() -> None:
    fault = HUB.read_fault("cousin", 429, [(b"retry-after", b"3")], b"{}")

    assert (fault.code, fault.retry_after) == ("upstream_throttled", 3.0)
    assert msgspec.json.decode(HUB.write_fault(OPENAI, fault, "r"))["error"]["code"] == "upstream_throttled"
    assert (
        HUB.prompt_text(OPENAI, Kind.CHAT, HUB.read_ask(OPENAI, Kind.CHAT, b'{"model":"m","messages":[{"content":"Hi"}]}'))
        == "Hi"
    )


@pytest.mark.parametrize("header", [b"request-id", b"x-request-id", b"apim-request-id", b"x-amzn-requestid"])
def test_the_providers_id_of_a_request_is_read_from_its_headers(header: bytes) -> None:
    assert HUB.request_id([(b"date", b"today"), (header, b"req_1"), (header, b"req_2")]) == "req_1"
    assert HUB.request_id([(header, b"")]) == ""
    assert len(HUB.request_id([(header, b"x" * 5000)])) == 128


@pytest.mark.parametrize(("roles", "reported"), [(["system", "user", "system"], ["messages"]), (["system", "user"], [])])
def test_a_prompt_that_becomes_the_users_word_is_reported(roles: list[str], reported: list[str]) -> None:
    """Also where the body passes nearly as it came."""
    body = json.dumps({"model": "m", "messages": [{"role": role, "content": "Hi"} for role in roles]}).encode()
    hub, target = Hub({OPENAI: OpenAIChat()}), sample_target("there/x", quirks=Quirks(no_system_after_first=True))

    prepared = hub.prepare(OPENAI, Kind.CHAT, hub.read_ask(OPENAI, Kind.CHAT, body), body, target, None)

    assert [downgrade.path for downgrade in prepared.downgrades] == reported
