"""Answers that lack what clients count on: a name, a model, or anything at all. Nobody is told that an empty one is complete."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from headworks.ports.interpreter import Prepared
from tests.grid.asides import BASES
from tests.grid.clients import Question
from tests.grid.grid import HUB
from tests.grid.targets import CLAUDE, MODELS, target

Json = dict[str, Any]

_OF_COHERE: Json = {
    "id": "",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
    "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 2}},
}
_IDS = {"openai_chat": "id", "openai_responses": "id", "anthropic": "id", "gemini": "responseId"}
_MODELS = {"openai_chat": "model", "openai_responses": "model", "anthropic": "model", "gemini": "modelVersion"}
fronts = pytest.mark.parametrize("front", BASES)
telling = pytest.mark.parametrize("front", _MODELS)
"""Languages whose answers name a model."""


def _prepared(front: str, upstream: str) -> Prepared:
    asked = Question(front, BASES[front], streamed=False)
    ask = msgspec.structs.replace(asked.ask, answer_id="0192")
    return HUB.prepare(front, Kind.CHAT, ask, asked.sent, target(upstream), None)


def _told(front: str, upstream: str, answer: Json) -> tuple[Json, Prepared]:
    prepared = _prepared(front, upstream)
    relay = prepared.relay
    said = relay.feed(msgspec.json.encode(answer)) + relay.close()
    return msgspec.json.decode(said) if said else {}, prepared


def _of_bedrock(*content: Json) -> Json:
    usage = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
    said = {"role": "assistant", "content": list(content)}
    return {"output": {"message": said}, "stopReason": "malformed_tool_use", "usage": usage}


def _of_gemini(word: str, *parts: Json) -> Json:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": word}
    return {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 5}, "modelVersion": "g", "responseId": "r"}


@telling
def test_an_answer_without_a_name_gets_one_and_tells_the_model_that_was_asked(front: str) -> None:
    """Cohere tells no model, Bedrock no id: two answers with the same id are one answer to some clients."""
    told, prepared = _told(front, "cohere", _OF_COHERE)

    assert told[_IDS[front]] in ("0192", "resp_0192")
    assert told[_MODELS[front]] == MODELS["cohere"]
    assert (prepared.relay.upstream_id, prepared.relay.served_model) == ("", "")


@telling
def test_what_an_upstream_tells_of_itself_is_kept(front: str) -> None:
    told, _ = _told(front, "bedrock", _of_bedrock({"text": "Hi"}))

    assert told[_MODELS[front]] == CLAUDE


@fronts
@pytest.mark.parametrize(
    ("upstream", "answer"),
    [("gemini", _of_gemini("MALFORMED_FUNCTION_CALL")), ("gemini", _of_gemini("NO_IMAGE")), ("bedrock", _of_bedrock())],
)
def test_a_model_that_gave_up_before_it_said_anything_has_failed(front: str, upstream: str, answer: Json) -> None:
    """So that another target may answer, instead of a client that is told an empty answer is all there is."""
    if front == upstream:
        return
    told, prepared = _told(front, upstream, answer)

    assert told == {}
    assert prepared.relay.fault is not None
    assert prepared.relay.fault.code == "upstream_error"
    assert prepared.relay.fault.detail in ("MALFORMED_FUNCTION_CALL", "NO_IMAGE", "malformed_tool_use")


@fronts
def test_an_odd_reason_to_stop_is_reported(front: str) -> None:
    if front == "gemini":
        return
    told, prepared = _told(front, "gemini", _of_gemini("MALFORMED_RESPONSE", {"text": "Hi"}))

    assert told != {}
    assert prepared.losses is not None
    assert [loss.path for loss in prepared.losses()] == ["stop_reason.MALFORMED_RESPONSE"]
