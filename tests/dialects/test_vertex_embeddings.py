"""Vectors asked of Vertex AI, in its two ways, by clients of Gemini's language and of others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.target import Quirks
from headworks.domain.where import Where
from headworks.testing.samples import sample_target
from tests.dialects.openai_wire import Json, compact
from tests.dialects.recordings import run, shared
from tests.dialects.vertex_embedding_checks import CHECKS, CONTENT, GEMINI, OPS, PREDICT

HUB = Hub({"openai_chat": OpenAIChat(), "gemini": Gemini()})
WHERE = Where("m")


def asked(front: str, body: Json, target: Any = PREDICT) -> tuple[Any, list[str]]:
    raw = compact(body)
    ask = HUB.read_ask(front, Kind.EMBEDDINGS, raw, WHERE)
    prepared = HUB.prepare(front, Kind.EMBEDDINGS, ask, raw, target, None)
    return json.loads(prepared.body), [loss.path for loss in prepared.downgrades]


def test_by_predict_for_openais_clients() -> None:
    assert asked("openai_chat", {"model": "m", "input": ["a", "b"], "dimensions": 64}) == (
        {
            "instances": [{"content": "a"}, {"content": "b"}],
            "parameters": {"autoTruncate": False, "outputDimensionality": 64},
        },
        [],
    )


def test_by_predict_for_geminis_clients() -> None:
    body = {"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_DOCUMENT", "title": "A"}

    assert asked("gemini", body) == (
        {
            "instances": [{"content": "a", "task_type": "RETRIEVAL_DOCUMENT", "title": "A"}],
            "parameters": {"autoTruncate": False},
        },
        [],
    )


def test_by_content() -> None:
    body, lost = asked("openai_chat", {"model": "m", "input": "a", "dimensions": 64, "user": "u"}, CONTENT)

    assert body == {
        "content": {"parts": [{"text": "a"}]},
        "embedContentConfig": {"autoTruncate": False, "outputDimensionality": 64},
    }
    assert lost == ["user"]


def test_geminis_clients_get_their_own_form_back() -> None:
    raw = compact({"content": {"parts": [{"text": "a"}]}})
    ask = HUB.read_ask("gemini", Kind.EMBEDDINGS, raw, WHERE)
    relay = HUB.prepare("gemini", Kind.EMBEDDINGS, ask, raw, PREDICT, None).relay
    answer = {"predictions": [{"embeddings": {"values": [0.5, 1], "statistics": {"token_count": 3, "truncated": False}}}]}

    told = json.loads(relay.feed(compact(answer)))

    assert told == {"embedding": {"values": [0.5, 1]}, "usageMetadata": {"promptTokenCount": 3}}
    assert relay.usage is not None
    assert relay.usage.input == 3


def test_the_gemini_api_is_asked_as_before() -> None:
    raw = compact({"content": {"parts": [{"text": "a"}]}})
    ask = HUB.read_ask("gemini", Kind.EMBEDDINGS, raw, WHERE)

    prepared = HUB.prepare("gemini", Kind.EMBEDDINGS, ask, raw, sample_target(dialect="gemini", quirks=Quirks()), None)

    assert "requests" in json.loads(prepared.body)


@pytest.mark.parametrize(
    ("target", "inputs"), [(CONTENT, ("a", "b")), (CONTENT, ((1, 2),)), (PREDICT, ((1, 2),))], ids=["two", "numbers", "numbers"]
)
def test_what_cannot_be_asked_is_refused(target: Any, inputs: Any) -> None:
    with pytest.raises(Fault) as refused:
        GEMINI.write_embedding_ask(EmbeddingAsk(dialect="openai_chat", model="m", inputs=inputs), target)

    assert (refused.value.code, refused.value.param) == ("inexpressible", "input")


@pytest.mark.parametrize("target", [CONTENT, PREDICT])
def test_an_error_in_a_good_answer_is_one(target: Any) -> None:
    with pytest.raises(Fault) as told:
        GEMINI.read_embedding_answer(b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"no"}}', target)

    assert told.value.code == "upstream_throttled"


@pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")
def test_recordings() -> None:
    tally = run(CHECKS, OPS, {})

    assert tally.failures == []
    assert all(tally.passed["google-vertex"][check] > 0 for check in CHECKS)
