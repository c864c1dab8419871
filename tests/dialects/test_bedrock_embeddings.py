"""Vectors of the models on Bedrock, each maker's in its own form, as was recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headworks.dialects.bedrock import Bedrock
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage
from tests.dialects.bedrock_wire import target
from tests.dialects.recordings import Recording, recordings, shared

BEDROCK = Bedrock()
TITAN, NOVA, COHERE = "amazon.titan-embed-text-v2:0", "amazon.nova-2-multimodal-embeddings-v1:0", "us.cohere.embed-v4:0"


def ask(*inputs: Any, **said: Any) -> EmbeddingAsk:
    return EmbeddingAsk(dialect="openai_chat", model="m", inputs=inputs, **said)


def written(model: str, wanted: EmbeddingAsk) -> tuple[Any, list[str]]:
    body, losses = BEDROCK.write_embedding_ask(wanted, target(model))
    return json.loads(body), [loss.path for loss in losses]


def test_titan() -> None:
    assert written(TITAN, ask("Ruby", dimensions=512)) == ({"inputText": "Ruby", "dimensions": 512}, [])


def test_titan_knows_no_tasks() -> None:
    assert written(TITAN, ask("Ruby", task="CLUSTERING", user="u"))[1] == ["user", "task"]


def test_titan_of_pictures_has_its_own_word_for_lengths() -> None:
    body, _ = written("amazon.titan-embed-image-v1", ask("Ruby", dimensions=256))

    assert body == {"inputText": "Ruby", "embeddingConfig": {"outputEmbeddingLength": 256}}


def test_nova() -> None:
    body, lost = written(NOVA, ask("Ruby", dimensions=384, task="CLUSTERING"))

    assert body == {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "CLUSTERING",
            "embeddingDimension": 384,
            "text": {"value": "Ruby", "truncationMode": "NONE"},
        },
    }
    assert lost == []


def test_cohere() -> None:
    body, lost = written(COHERE, ask("a", "b", dimensions=256, task="RETRIEVAL_QUERY"))

    assert body == {
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
    }
    assert lost == []


@pytest.mark.parametrize(
    ("model", "wanted", "param"),
    [
        (TITAN, ask("a", "b"), "input"),
        (NOVA, ask("a", "b"), "input"),
        (TITAN, ask((1, 2)), "input"),
        (COHERE, ask((1, 2)), "input[0]"),
        ("amazon.titan-embed-text-v1", ask("a", dimensions=256), "dimensions"),
        ("twelvelabs.marengo-embed-2-7-v1:0", ask("a"), "model"),
    ],
)
def test_what_a_maker_cannot_do_is_refused(model: str, wanted: EmbeddingAsk, param: str) -> None:
    with pytest.raises(Fault) as refused:
        BEDROCK.write_embedding_ask(wanted, target(model))

    assert (refused.value.code, refused.value.param) == ("inexpressible", param)


@pytest.mark.parametrize("model", [TITAN, NOVA, COHERE])
@pytest.mark.parametrize("garbage", [b"{}", b"[]", b"x"])
def test_garbage_is_not_our_crash(model: str, garbage: bytes) -> None:
    with pytest.raises(Fault) as told:
        BEDROCK.read_embedding_answer(garbage, target(model))

    assert told.value.code == "upstream_garbage"


def vectors_recorded() -> list[Recording]:
    """Good answers with vectors that were asked for with text."""
    found = recordings("bedrock.invoke") if shared().exists() else []
    return [each for each in found if "embed" in str(each.content["model"]) and each.status == 200]


@pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")
def test_every_recording_is_asked_and_read_as_it_was() -> None:
    seen = vectors_recorded()
    for recording in seen:
        model, said, answer = recording.content["model"], recording.request, json.loads(recording.answer)
        texts = said.get("texts") or [said.get("inputText") or said["singleEmbeddingParams"]["text"]["value"]]

        body, _ = written(model, ask(*texts, dimensions=said.get("dimensions")))
        found = BEDROCK.read_embedding_answer(recording.answer, target(model))

        for name in ("texts", "inputText", "taskType", "dimensions", "singleEmbeddingParams"):
            assert body.get(name) == said.get(name), recording
        told = answer["embedding"] if "embedding" in answer else answer["embeddings"]
        wanted = told.get("float", told) if isinstance(told, dict) else told
        if wanted and isinstance(wanted[0], float):
            wanted = [wanted]
        if wanted and isinstance(wanted[0], dict):
            wanted = [each["embedding"] for each in wanted]
        assert [list(vector) for vector in found.vectors] == wanted, recording
        if "inputTextTokenCount" in answer:
            assert found.usage == Usage(input=answer["inputTextTokenCount"])
    assert len(seen) == 14
