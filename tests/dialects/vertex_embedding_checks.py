"""What must hold for every recording of Vertex AI's vectors."""

from __future__ import annotations

import json
from typing import Any

from headworks.dialects.gemini import Gemini
from headworks.domain.embedding import EmbeddingAsk
from headworks.domain.target import Quirks, Target
from headworks.testing.samples import sample_target
from tests.dialects.recordings import Check, LeftOut, Recording

OPS = ("vertex.predict", "gemini.embed")
GEMINI = Gemini()
PREDICT = sample_target("vertex/x", dialect="gemini", quirks=Quirks(vectors_by="predict"))
CONTENT = sample_target("vertex/x", dialect="gemini", quirks=Quirks(vectors_by="content"))


def request_is_asked_as_recorded(recording: Recording) -> None:
    """From the canonical form; that nothing is to be cut we say besides."""
    body, there = recording.request, _target(recording)
    if there is PREDICT:
        texts = [instance["content"] for instance in body["instances"]]
        task, dimensions = body["instances"][0].get("task_type", ""), body.get("parameters", {}).get("outputDimensionality")
    else:
        texts, task, dimensions = [part["text"] for part in body["content"]["parts"]], "", None
    wanted = EmbeddingAsk(dialect="openai_chat", model="m", inputs=tuple(texts), task=task, dimensions=dimensions)

    asked: Any = json.loads(GEMINI.write_embedding_ask(wanted, there)[0])

    for options in ("parameters", "embedContentConfig"):
        asked.get(options, {}).pop("autoTruncate", None)
    assert {name: value for name, value in asked.items() if value} == body


def vectors_are_the_recorded_ones(recording: Recording) -> None:
    """In their order, with their counts."""
    there, said = _target(recording), json.loads(recording.answer)

    found = GEMINI.read_embedding_answer(recording.answer, there)

    assert found.usage is not None
    if there is CONTENT:
        assert [list(vector) for vector in found.vectors] == [said["embedding"]["values"]]
        assert found.usage.input == said["usageMetadata"]["promptTokenCount"]
        return
    told = [prediction["embeddings"] for prediction in said["predictions"]]
    assert [list(vector) for vector in found.vectors] == [each["values"] for each in told]
    assert found.usage.input == sum(each["statistics"]["token_count"] for each in told)


def error_becomes_its_fault(recording: Recording) -> None:
    """A key where a token is wanted is the operator's matter."""
    _target(recording)
    if recording.status == 200:
        raise LeftOut("the answer is no error")

    fault = GEMINI.read_fault(recording.status, recording.headers, recording.body)

    assert (recording.status, fault.code) == (401, "upstream_credentials")


CHECKS: dict[str, Check] = {
    "request": request_is_asked_as_recorded,
    "vectors": vectors_are_the_recorded_ones,
    "error": error_becomes_its_fault,
}


def _target(recording: Recording) -> Target:
    if recording.provider != "google-vertex":
        raise LeftOut("of the Gemini API")
    return PREDICT if recording.op == "vertex.predict" else CONTENT
