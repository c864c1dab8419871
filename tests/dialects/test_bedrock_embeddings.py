"""Vectors of the models on Bedrock, each maker's in its own form, as was recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headworks.dialects.bedrock import Bedrock
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.errors import Fault
from tests.dialects.bedrock_wire import target

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
