"""Converse's answers for clients of other languages, whole and streamed, and how it says that it failed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.translated import Translated
from headworks.domain.call import Ask, Kind
from headworks.domain.events import ArgumentsDelta, Event, PartKind, PartStarted, StopReason, TextDelta
from headworks.domain.target import AskedModel
from tests.dialects.bedrock_invoke_checks import on_bedrock
from tests.dialects.bedrock_wire import DIALECT, Json, decode, message, stream, target
from tests.dialects.crossing import ANTHROPIC, DIALECTS, OPENAI, meaning
from tests.dialects.crossing import decode as decode_there
from tests.dialects.crossing import read as read_there

CONTENT: list[Json] = [
    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
    {"text": "Looking."},
    {"toolUse": {"toolUseId": "a", "name": "look", "input": {"at": [1]}}},
    {"toolUse": {"toolUseId": "b", "name": "stop", "input": {}}},
]
USAGE = {"inputTokens": 5, "outputTokens": 7, "totalTokens": 20, "cacheReadInputTokens": 6, "cacheWriteInputTokens": 2}
WHOLE: Json = {
    "output": {"message": {"role": "assistant", "content": CONTENT}},
    "stopReason": "tool_use",
    "usage": USAGE,
    "metrics": {"latencyMs": 1},
    "serviceTier": {"type": "flex"},
}


def _delta(index: int, **delta: Any) -> tuple[str, Json]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def _stop(index: int) -> tuple[str, Json]:
    return "contentBlockStop", {"contentBlockIndex": index}


def _call(index: int, call: str, name: str) -> tuple[str, Json]:
    return "contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": call, "name": name}}}


STREAM = stream(
    ("messageStart", {"role": "assistant", "p": "abc"}),
    _delta(0, reasoningContent={"text": "h"}),
    _delta(0, reasoningContent={"text": "m"}),
    _delta(0, reasoningContent={"signature": "c2ln"}),
    _stop(0),
    _delta(1, text="Look"),
    _delta(1, text="ing."),
    _stop(1),
    _call(2, "a", "look"),
    _delta(2, toolUse={"input": '{"at":'}),
    _delta(2, toolUse={"input": "[1]}"}),
    _stop(2),
    _call(3, "b", "stop"),
    _stop(3),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": USAGE, "serviceTier": {"type": "flex"}}),
)


def test_a_block_that_begins_with_nothing_said_of_it_is_what_its_first_piece_is() -> None:
    begun: tuple[str, Json] = ("contentBlockStart", {"contentBlockIndex": 0, "start": {}})
    events = decode([stream(("messageStart", {"role": "assistant"}), begun, _delta(0, text="Hi"), _stop(0))])

    assert [event for event in events if isinstance(event, PartStarted | TextDelta)] == [
        PartStarted(0, PartKind.TEXT),
        TextDelta(0, "Hi"),
    ]


def _whole() -> list[Event]:
    return DIALECT.read_answer(msgspec.json.encode(WHOLE), target())


def test_a_stream_means_what_the_whole_answer_means() -> None:
    assert meaning(decode([STREAM])) == meaning(_whole())


@pytest.mark.parametrize("front", [OPENAI, ANTHROPIC])
def test_answers_keep_their_meaning_for_clients_of_other_languages(front: str) -> None:
    ask = Ask(model=AskedModel("m"), stream=True, include_usage=True)
    dialect = DIALECTS[front]

    whole = read_there(front, dialect.write_answer(_whole(), ask))
    streamed = decode_there(front, dialect.encoder(ask).feed(decode([STREAM])))

    wanted = meaning(_whole())
    assert meaning(whole) == wanted
    said = meaning(streamed)
    assert said["parts"] == wanted["parts"]
    assert (said["stop"], said["usage"]) == (wanted["stop"], wanted["usage"])


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", StopReason.END),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("guardrail_intervened", StopReason.CONTENT_FILTER),
        ("content_filtered", StopReason.CONTENT_FILTER),
        ("model_context_window_exceeded", StopReason.CONTEXT_WINDOW),
        ("malformed_tool_use", StopReason.OTHER),
    ],
)
def test_why_it_stopped(word: str, reason: StopReason) -> None:
    raw = msgspec.json.encode({**WHOLE, "stopReason": word})

    assert meaning(DIALECT.read_answer(raw, target()))["stop"] == [reason]


def test_the_tool_that_stands_for_structured_output_is_the_answers_text() -> None:
    content = [{"toolUse": {"toolUseId": "a", "name": "headworks_json_answer", "input": {"a": 1}}}]
    raw = msgspec.json.encode({**WHOLE, "output": {"message": {"role": "assistant", "content": content}}})

    events = DIALECT.read_answer(raw, target())

    assert [event for event in events if isinstance(event, PartStarted | TextDelta | ArgumentsDelta)] == [
        PartStarted(0, PartKind.TEXT),
        TextDelta(0, '{"a":1}'),
    ]
    assert meaning(events)["stop"] == [StopReason.END]


def test_redacted_thoughts_are_those_of_anthropics_own_language() -> None:
    content = [{"reasoningContent": {"redactedContent": "RXVCQw=="}}]
    raw = msgspec.json.encode({**WHOLE, "output": {"message": {"role": "assistant", "content": content}}})

    events = DIALECT.read_answer(raw, target())

    assert PartStarted(0, PartKind.REDACTED_REASONING, data="EuBC") in events


def _relay(front: str = OPENAI) -> Translated:
    return Translated(DIALECT, target(), DIALECTS[front], Ask(model=AskedModel("m"), stream=True))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("throttlingException", "upstream_throttled"),
        ("serviceUnavailableException", "upstream_overloaded"),
        ("modelStreamErrorException", "upstream_error"),
        ("internalServerException", "upstream_error"),
        ("validationException", "upstream_rejected"),
    ],
)
def test_an_exception_inside_a_stream_is_a_fault_behind_what_was_said(name: str, code: str) -> None:
    relay = _relay()

    out = relay.feed(
        stream(("messageStart", {"role": "assistant"}), _delta(0, text="Hi")) + message({"message": "m"}, name, "exception")
    )

    assert b'"Hi"' in out
    assert relay.fault is not None
    assert relay.fault.code == code


def test_a_stream_that_is_cut_is_severed_and_one_without_counts_is_not() -> None:
    cut, uncounted = _relay(), _relay()
    counts = stream(("metadata", {"usage": USAGE, "serviceTier": {"type": "flex"}}))

    cut.feed(STREAM[:-1])
    cut.close()
    uncounted.feed(STREAM.removesuffix(counts))
    uncounted.close()

    assert cut.fault is not None
    assert cut.fault.code == "severed"
    assert (uncounted.fault, uncounted.ended, uncounted.usage) == (None, True, None)


@pytest.mark.parametrize(
    ("status", "name", "code"),
    [
        (400, "ValidationException:http://internal.amazon.com/coral/", "upstream_rejected"),
        (404, "ResourceNotFoundException", "upstream_rejected"),
        (400, "ServiceQuotaExceededException", "upstream_throttled"),
        (429, "ThrottlingException", "upstream_throttled"),
        (429, "ModelNotReadyException", "upstream_overloaded"),
        (424, "ModelErrorException", "upstream_error"),
        (403, "AccessDeniedException", "upstream_credentials"),
        (403, "ExpiredTokenException", "upstream_credentials"),
        (503, "", "upstream_overloaded"),
        (500, "", "upstream_error"),
    ],
)
def test_an_error_answer_is_known_by_its_type(status: int, name: str, code: str) -> None:
    headers = [(b"x-amzn-errortype", name.encode())] if name else []

    fault = DIALECT.read_fault(status, [*headers, (b"retry-after", b"3")], b'{"message":"why"}')

    assert fault.code == code
    if code == "upstream_rejected":
        assert (fault.message, fault.status) == ("why", status)
    elif code != "upstream_credentials":
        assert fault.retry_after == 3


def test_an_exception_in_anthropics_own_stream_is_a_fault_behind_what_was_said() -> None:
    watch = DIALECTS[ANTHROPIC].untouched(Kind.CHAT, Ask(model=AskedModel("m"), stream=True), on_bedrock())
    event = b'{"type":"ping"}'

    out = watch.feed(message({"bytes": event}, "chunk") + message({"message": "m"}, "throttlingException", "exception"))

    assert out == b"event: ping\ndata: " + event + b"\n\n"
    assert watch.fault is not None
    assert watch.fault.code == "upstream_throttled"
