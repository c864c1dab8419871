"""The facts of a request, read without decoding its contents, and the same-dialect body made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.dialects.bounds import asked_model
from headworks.dialects.fields import Fields, decoded, read_fields, write_fields
from headworks.dialects.gemini.config_in import CONFIG
from headworks.dialects.gemini.respell import camel, said_twice
from headworks.dialects.gemini.wire import NAME, UNREADABLE
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.said import texts
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import GOVERNED
from headworks.domain.target import Target
from headworks.domain.where import Form, Where

TOKENS_PER_FILE = 1100
"""Of an inline picture or a page."""
_EXAMPLE = '[{"role": "user", "parts": [{"text": "Hello"}]}]'
_PROMPT = ("contents", "systemInstruction", "tools", "content", "requests", "generateContentRequest")
_READ = (*_PROMPT, "generationConfig")
"""What a model reads of a request."""
_KNOWN = frozenset(("model", *_READ, *GOVERNED[NAME]))
_INLINE = (b'"inlineData"', b'"inline_data"')
_STORED = (b'"fileData"', b'"file_data"')
_SERVER_TOOLS = {
    "googleSearch": "web_search",
    "googleSearchRetrieval": "web_search",
    "enterpriseWebSearch": "web_search",
    "codeExecution": "code_execution",
    "urlContext": "web_fetch",
    "fileSearch": "files",
    "retrieval": "files",
}
_CAP = "maxOutputTokens"
_NO_FIELDS = frozenset((_CAP, "candidateCount"))
_COUNT = msgspec.json.Decoder(int | None)


def read_ask(kind: Kind, body: bytes, where: Where) -> Ask:
    """See `Interpreter.read_ask`. The model is the path's: what a body says of it is replaced."""
    fields = _respelt(read_fields(body, _KNOWN))
    model = where.subject.removeprefix("models/")
    if not model:
        raise Fault("invalid_request", "The path names no model: ask /v1beta/models/{model}:generateContent.", param="model")
    _demand_prompt(kind, fields)
    config = config_of(fields)
    cap, choices = _number(config, _CAP), _number(config, "candidateCount")
    if (cap is not None and cap < 0) or (choices is not None and choices < 1):
        raise Fault("invalid_request", "maxOutputTokens must be 0 or more, and candidateCount 1 or more.", param=CONFIG)
    prompt = b"".join(bytes(fields[name]) for name in _PROMPT if name in fields)
    return Ask(
        model=asked_model(model),
        stream=kind is Kind.CHAT and where.form in (Form.EVENTS, Form.ARRAY),
        include_usage=True,
        max_tokens=cap if kind is Kind.CHAT else 0,
        choices=choices or 1,
        prompt_tokens=_estimate(prompt),
        features=_features(fields, config, prompt),
        form=where.form,
        fields=fields,
    )


def patch(ask: Ask, target: Target, cap: int | None) -> bytes:
    """See `Dialect.patch`."""
    fields: dict[str, Any] = dict(ask.fields)
    if "model" in fields:
        fields["model"] = _resource(target)
    if "requests" in fields:
        fields["requests"] = [{**_inner(item), "model": _resource(target)} for item in _requests(fields["requests"])]
    if "generateContentRequest" in fields:
        fields["generateContentRequest"] = {**_inner(fields["generateContentRequest"]), "model": _resource(target)}
    if cap is not None and (ask.max_tokens is None or cap < ask.max_tokens):
        fields[CONFIG] = {**config_of(fields), _CAP: cap}
    for name in target.quirks.drop:
        fields.pop(name, None)
    return write_fields(fields)


def prompt_text(ask: Ask) -> str:
    """See `Dialect.prompt_text`. Raises `Fault` `invalid_json`."""
    return "\n".join(text for name in _READ if name in ask.fields for text in texts(decoded(ask.fields, name)))


def _resource(target: Target) -> str:
    return target.model if "/" in target.model else f"models/{target.model}"


def _respelt(fields: Fields) -> Fields:
    """The fields in one spelling. What stands in two is refused: nobody knows which of them counts."""
    if not any("_" in name for name in fields):
        return fields
    known: Fields = {}
    for written, value in fields.items():
        name = camel(written)
        if name in known:
            raise said_twice(written)
        known[name] = value
    return known


def _inner(raw: Any) -> Fields:
    return _respelt(read_fields(bytes(raw), frozenset()))


def config_of(fields: Mapping[str, msgspec.Raw]) -> Fields:
    """What is configured, undecoded and in one spelling."""
    raw = fields.get(CONFIG)
    return {} if raw is None or bytes(raw) == b"null" else _respelt(read_fields(bytes(raw), _NO_FIELDS))


def _requests(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except UNREADABLE:
        raise Fault("invalid_request", "'requests' must be a list of objects.", param="requests") from None


def _demand_prompt(kind: Kind, fields: Fields) -> None:
    wanted = {Kind.CHAT: ("contents",), Kind.EMBEDDINGS: ("content", "requests")}.get(
        kind, ("contents", "generateContentRequest")
    )
    if all(bytes(fields.get(name, b"null")) == b"null" for name in wanted):
        raise Fault("invalid_request", f"'{wanted[0]}' is missing: send content such as {_EXAMPLE}.", param=wanted[0])
    if kind is Kind.EMBEDDINGS and "requests" in fields:
        for item in _requests(fields["requests"]):
            _inner(item)


def _number(config: Fields, name: str) -> int | None:
    try:
        return _COUNT.decode(config[name]) if name in config else None
    except UNREADABLE:
        raise Fault("invalid_request", f"{CONFIG}.{name} must be a whole number.", param=f"{CONFIG}.{name}") from None


def _estimate(prompt: bytes) -> int:
    """Input tokens before anybody has counted them: text by its bytes, files by the piece."""
    files = sum(prompt.count(mark) for mark in (*_INLINE, *_STORED))
    size = len(prompt)
    at = prompt.find(b'"data"') if files else -1
    while at >= 0:
        start = prompt.find(b'"', at + len(b'"data"')) + 1
        end = prompt.find(b'"', start)
        if start <= 0 or end < 0:
            break
        size -= end - start
        at = prompt.find(b'"data"', end)
    return max(size, 0) // BYTES_PER_TOKEN + files * TOKENS_PER_FILE + 1


def _features(fields: Fields, config: Fields, prompt: bytes) -> frozenset[str]:
    """What the request uses, by name."""
    features: set[str] = set()
    if any(mark in prompt for mark in _INLINE):
        features.add("images")
    if any(mark in prompt for mark in _STORED):
        features.add("files")
    if "tools" in fields and len(fields["tools"]) > len(b"null"):
        features.add("tools")
        features |= {_SERVER_TOOLS[name] for name in server_tools(fields["tools"]) if name in _SERVER_TOOLS}
    if "responseSchema" in config or "responseJsonSchema" in config:
        features.add("json_schema")
    if "thinkingConfig" in config:
        features.add("reasoning")
    return frozenset(features)


def server_tools(tools: msgspec.Raw) -> set[str]:
    """Names of the tools that run at the provider's."""
    try:
        listed = msgspec.json.decode(tools, type=list[dict[str, msgspec.Raw]] | None) or []
    except UNREADABLE:
        raise Fault("invalid_request", "'tools' must be a list of objects.", param="tools") from None
    return {camel(name) for tool in listed for name in tool} - {"functionDeclarations"}
