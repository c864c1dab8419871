"""Providers' own descriptions and libraries as judges of what the grid's upstreams are sent and its clients are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, get_args

import cohere
import msgspec
import ollama
from google.genai.types import GenerateContentResponse
from pydantic import TypeAdapter, ValidationError

from tests.dialects.published_spec import SPECS, spec
from tests.grid.grid import Cell
from tests.grid.targets import target

Json = dict[str, Any]

_GOOGLE = "GoogleCloudAiplatformV1beta1"
_WORDS = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "float": (int, float), "double": (int, float)}


def of_questions(front: str, body: bytes) -> list[str]:
    """What is wrong with a request in a language, as the upstream of this name wants it."""
    judge = _QUESTIONS.get(front)
    return judge(msgspec.json.decode(body)) if judge is not None else []


def of_answers(cell: Cell, told: bytes) -> list[str]:
    """What is wrong with what a client was told in another language than the upstream's. Descriptions demand fields that may be null,
    and that providers leave out themselves: what is missing is no fault.
    """
    if not told or cell.case == "errors" or target(cell.upstream).dialect == cell.front:
        return []
    judge = _ANSWERS[cell.front]
    events = _events(told) if cell.streamed else [msgspec.json.decode(told)]
    found = [complaint for event in events for complaint in judge(event, cell.streamed)]
    return [complaint for complaint in found if not complaint.endswith(" is missing")]


def _events(stream: bytes) -> list[Json]:
    """Of server-sent events and of lines that are JSON themselves."""
    lines = (line.removeprefix(b"data: ") for line in stream.replace(b"\r\n", b"\n").split(b"\n"))
    return [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]


def _responses_question(body: Json) -> list[str]:
    """Answers that are given back without ids OpenAI takes, and does not say so."""
    openai = spec("openai.json")
    items = [item for item in body["input"] if item.get("role") != "assistant" and item.get("type") != "reasoning"]
    found = [complaint for item in items for complaint in openai.complaints("InputItem", item)]
    return [*found, *openai.complaints("CreateResponse", {**body, "input": "x"})]


def _on_bedrock(body: Json) -> list[str]:
    """Anthropic's, but for what the path and a version in the body say."""
    asked = {name: value for name, value in body.items() if name != "anthropic_version"}
    return spec("anthropic.json").complaints("CreateMessageParams", {**asked, "model": "claude"})


def _google(body: Json) -> list[str]:
    return list(_discovered(f"{_GOOGLE}GenerateContentRequest", body, ""))


def _discovered(schema: str | Json, value: Any, path: str) -> Iterator[str]:
    """By Google's discovery documents: fields that are not there, and values of another type."""
    shape = _schemas()[schema] if isinstance(schema, str) else schema
    if "$ref" in shape:
        yield from _discovered(shape["$ref"], value, path)
    elif isinstance(value, dict) and "properties" in shape:
        for name, item in value.items():
            if name not in shape["properties"]:
                yield f"{path}: {name} is unknown"
            else:
                yield from _discovered(shape["properties"][name], item, f"{path}.{name}")
    elif isinstance(value, list) and shape.get("type") == "array":
        for place, item in enumerate(value):
            yield from _discovered(shape["items"], item, f"{path}[{place}]")
    elif shape.get("type") in _WORDS and not isinstance(value, _WORDS[shape["type"]]):
        yield f"{path}: {value!r} is no {shape['type']}"
    elif shape.get("enum") and value not in shape["enum"]:
        yield f"{path}: {value!r} is none of its words"


def _converse(body: Json) -> list[str]:
    named = {name: value for name, value in body.items() if name != "modelId"}
    return list(_shaped("ConverseRequest", {"modelId": "m", **named}, ""))


def _shaped(name: str, value: Any, path: str) -> Iterator[str]:
    """By AWS's service description: fields that are missing or not there, words, and values of another type."""
    shape = _shapes()[name]
    kind = shape["type"]
    if kind == "structure" and not shape.get("document"):
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        yield from (f"{path}.{missing} is missing" for missing in shape.get("required", ()) if missing not in value)
        if shape.get("union") and len(value) != 1:
            yield f"{path} holds {sorted(value)}, and may hold one"
        for field, item in value.items():
            member = shape["members"].get(field)
            if member is None:
                yield f"{path}.{field} is unknown"
            else:
                yield from _shaped(member["shape"], item, f"{path}.{field}")
    elif kind == "list":
        for place, item in enumerate(value):
            yield from _shaped(shape["member"]["shape"], item, f"{path}[{place}]")
    elif kind in _WORDS and not isinstance(value, _WORDS[kind]):
        yield f"{path}: {value!r} is no {kind}"
    elif shape.get("enum") and value not in shape["enum"]:
        yield f"{path}: {value!r} is none of its words"


def _chat_answer(body: Json, streamed: bool) -> list[str]:  # noqa: FBT001 - a judge's fixed shape
    schema = "CreateChatCompletionStreamResponse" if streamed else "CreateChatCompletionResponse"
    return spec("openai.json").complaints(schema, _without_nulls(body))


def _responses_answer(body: Json, streamed: bool) -> list[str]:  # noqa: FBT001
    schema = _event_schemas()[body["type"]] if streamed else "Response"
    return spec("openai.json").complaints(schema, _without_nulls(body))


def _anthropic_answer(body: Json, streamed: bool) -> list[str]:  # noqa: FBT001
    if not streamed:
        return spec("anthropic.json").complaints("Message", body)
    return []


def _gemini_answer(body: Json, streamed: bool) -> list[str]:  # noqa: ARG001, FBT001
    """Google's own library refuses fields that it does not know."""
    GenerateContentResponse.model_validate(body)
    return list(_discovered(f"{_GOOGLE}GenerateContentResponse", body, ""))


def _cohere_answer(body: Json, streamed: bool) -> list[str]:  # noqa: FBT001
    """As Cohere's own library reads it, with types that it does not check itself."""
    try:
        (_COHERE_EVENTS[body["type"]] if streamed else cohere.V2ChatResponse).model_validate(body)
    except ValidationError as refused:
        return [f"{error['loc']}: {error['msg']}" for error in refused.errors()]
    return []


def _cohere_question(body: Json) -> list[str]:
    try:
        _COHERE_MESSAGES.validate_python(body["messages"])
        _COHERE_TOOLS.validate_python(body.get("tools"))
    except ValidationError as refused:
        return [f"{error['loc']}: {error['msg']}" for error in refused.errors()]
    return []


_COHERE_MESSAGES = TypeAdapter(list[cohere.ChatMessageV2])
_COHERE_TOOLS = TypeAdapter(list[cohere.ToolV2] | None)
_COHERE_EVENTS = {each.model_fields["type"].default: each for each in get_args(get_args(cohere.V2ChatStreamResponse)[0])}


def _ollama_answer(body: Json, streamed: bool) -> list[str]:  # noqa: FBT001
    """By its description, and as its own library reads it."""
    ollama.ChatResponse.model_validate(body)
    return spec("ollama.json").complaints("ChatStreamEvent" if streamed else "ChatResponse", body)


_QUESTIONS: dict[str, Callable[[Json], list[str]]] = {
    "openai_chat": lambda body: spec("openai.json").complaints("CreateChatCompletionRequest", body),
    "openai_responses": _responses_question,
    "anthropic": lambda body: spec("anthropic.json").complaints("CreateMessageParams", body),
    "bedrock-anthropic": _on_bedrock,
    "gemini": _google,
    "bedrock": _converse,
    "cohere": _cohere_question,
    "ollama": lambda body: spec("ollama.json").complaints("ChatRequest", body),
}
_ANSWERS: dict[str, Callable[[Json, bool], list[str]]] = {
    "openai_chat": _chat_answer,
    "openai_responses": _responses_answer,
    "anthropic": _anthropic_answer,
    "gemini": _gemini_answer,
    "cohere": _cohere_answer,
    "ollama": _ollama_answer,
}


def _without_nulls(value: Any) -> Any:
    """Nulls say nothing: the description forgets that OpenAI sends them."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


@lru_cache
def _schemas() -> Json:
    return json.loads((SPECS / "google-vertex-v1beta1.discovery.json").read_text())["schemas"]


@lru_cache
def _shapes() -> Json:
    return json.loads((SPECS / "aws-bedrock-runtime.botocore.json").read_text())["shapes"]


@lru_cache
def _event_schemas() -> dict[str, str]:
    """A stream event's type → its schema."""
    known: Json = json.loads((SPECS / "openai.json").read_text())["components"]["schemas"]
    names = [option["$ref"].rpartition("/")[2] for option in known["ResponseStreamEvent"]["anyOf"]]
    return {known[name]["properties"]["type"]["enum"][0]: name for name in names}
