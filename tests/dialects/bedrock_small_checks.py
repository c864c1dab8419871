"""What must hold for every recording of Bedrock's counts, and of its models that make vectors."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.bedrock import Bedrock
from headworks.dialects.hub import Hub
from headworks.domain.call import Kind
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from tests.dialects.bedrock_checks import model_of
from tests.dialects.bedrock_invoke_checks import on_bedrock
from tests.dialects.bedrock_reading import read_request
from tests.dialects.bedrock_wire import target
from tests.dialects.recordings import Check, LeftOut, Recording

COUNTS, VECTORS = ("bedrock.count_tokens",), ("bedrock.invoke",)
BEDROCK = Bedrock()
HUB = Hub({"anthropic": Anthropic()}, {"bedrock": BEDROCK})
_LIKEWISE = ("texts", "inputText", "taskType", "dimensions", "singleEmbeddingParams")
"""What we ask of models of vectors as others do; purposes and forms are told besides."""


def counting(there: Target) -> Target:
    """The same, where it is known to count."""
    return msgspec.structs.replace(there, heads={**there.heads, "count_tokens": b"POST /count HTTP/1.1\r\n"})


def count_is_asked_as_recorded(recording: Recording) -> None:
    """By Converse from the conversation; by InvokeModel from what a client of Anthropic's own API would have sent."""
    ((way, asked),) = recording.request["input"].items()
    if way == "converse":
        body, _ = BEDROCK.write_count_ask(read_request(asked), target(model_of(recording)))
        again = json.loads(body)["input"]["converse"]
        assert {"system": [], **again} == {"system": [], **asked}
        return
    said = json.loads(base64.b64decode(asked["body"]))
    question = {name: value for name, value in said.items() if name not in ("anthropic_version", "max_tokens")}
    raw = json.dumps({"model": "m", **question}).encode()
    ask = HUB.read_ask("anthropic", Kind.COUNT_TOKENS, raw)
    prepared = HUB.prepare("anthropic", Kind.COUNT_TOKENS, ask, raw, counting(on_bedrock()), None)
    assert json.loads(base64.b64decode(json.loads(prepared.body)["input"]["invokeModel"]["body"])) == said


def count_is_read(recording: Recording) -> None:
    """As it stands there."""
    assert BEDROCK.read_count(recording.answer, target()) == json.loads(recording.answer)["inputTokens"]


def refusal_becomes_its_fault(recording: Recording) -> None:
    """With AWS's words."""
    if recording.status == 200:
        raise LeftOut("the answer is no error")

    fault = BEDROCK.read_fault(recording.status, recording.headers, recording.body)

    assert (fault.code, fault.message) == ("upstream_rejected", json.loads(recording.body)["message"])


def vectors_are_asked_as_recorded(recording: Recording) -> None:
    """What others asked, said from the canonical form."""
    model, said = _embedder(recording), recording.request
    texts = said.get("texts") or [said.get("inputText") or said["singleEmbeddingParams"]["text"]["value"]]
    wanted = EmbeddingAsk(dialect="openai_chat", model="m", inputs=tuple(texts), dimensions=said.get("dimensions"))

    body, _ = BEDROCK.write_embedding_ask(wanted, target(model))

    asked = json.loads(body)
    assert {name: asked.get(name) for name in _LIKEWISE} == {name: said.get(name) for name in _LIKEWISE}


def vectors_are_the_recorded_ones(recording: Recording) -> None:
    """In their order, with their counts where the body has them."""
    model, answer = _embedder(recording), json.loads(recording.answer)

    found = BEDROCK.read_embedding_answer(recording.answer, target(model))

    assert [list(vector) for vector in found.vectors] == _vectors(answer)
    counted = answer.get("inputTextTokenCount")
    assert found.usage == (Usage(input=counted) if counted is not None else None)


COUNT_CHECKS: dict[str, Check] = {
    "request": count_is_asked_as_recorded,
    "usage": count_is_read,
    "error": refusal_becomes_its_fault,
}
VECTOR_CHECKS: dict[str, Check] = {"request": vectors_are_asked_as_recorded, "vectors": vectors_are_the_recorded_ones}


def _embedder(recording: Recording) -> str:
    model = str(recording.content["model"])
    if "embed" not in model:
        raise LeftOut("no model of vectors")
    return model


def _vectors(answer: Any) -> list[list[float]]:
    """By the shapes of three makers."""
    if "embedding" in answer:
        return [answer["embedding"]]
    told = answer["embeddings"]
    told = told["float"] if isinstance(told, dict) else told
    return [each["embedding"] if isinstance(each, dict) else each for each in told]
