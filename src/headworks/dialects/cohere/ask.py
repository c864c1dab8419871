"""The facts of a request, read without decoding its contents, and the same-dialect body made of them."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.bounds import asked_model
from headworks.dialects.cohere.names import NAME, UNREADABLE
from headworks.dialects.fields import Fields, decoded, read_fields, write_fields
from headworks.dialects.openai_chat.estimate import estimate_input, estimate_messages
from headworks.dialects.openai_chat.values import COUNT, FLAG, STRING, needed, value
from headworks.dialects.said import texts
from headworks.dialects.signatures import MARK, bare
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import GOVERNED
from headworks.domain.message import JsonObject
from headworks.domain.target import Target

_PROMPT = ("messages", "documents", "tools", "texts", "inputs", "images")
_READ = (*_PROMPT, "response_format")
"""What a model reads of a request."""
_KNOWN = frozenset(("model", "stream", "max_tokens", *_READ, "embedding_types", "input_type", *GOVERNED[NAME]))
_FEATURES = {"tools": "tools", "documents": "documents", "logprobs": "logprobs", "thinking": "reasoning"}
_NOTHING = (b"null", b"false", b"[]", b"{}")
_MESSAGES = msgspec.json.Decoder(list[JsonObject])


def read_ask(kind: Kind, body: bytes) -> Ask:
    """The facts. Raises `Fault`: `invalid_json`, `duplicate_field`, `invalid_request`."""
    fields = read_fields(body, _KNOWN)
    model = value(fields, "model", STRING, "a string")
    if not model:
        raise Fault("invalid_request", "'model' is missing: name the model to ask, one of GET /v1/models.", param="model")
    if kind is not Kind.CHAT:
        return _embedding_ask(model, fields)
    tokens, media = estimate_messages(needed(fields, "messages"))
    beside = sum(estimate_input(bytes(fields[name])) for name in ("documents", "tools") if name in fields)
    max_tokens = value(fields, "max_tokens", COUNT, "a whole number")
    if max_tokens is not None and max_tokens < 0:
        raise Fault("invalid_request", "'max_tokens' must be 0 or more.", param="max_tokens")
    return Ask(
        model=asked_model(model),
        stream=bool(value(fields, "stream", FLAG, "true or false")),
        include_usage=True,
        max_tokens=max_tokens,
        prompt_tokens=tokens + beside,
        features=media | _features(fields),
        fields=fields,
    )


def _embedding_ask(model: str, fields: Fields) -> Ask:
    said = b"".join(bytes(fields[name]) for name in ("texts", "inputs", "images") if name in fields)
    tokens, media = estimate_messages(b"[%b]" % said)
    pictures = frozenset(("images",)) if "images" in fields and bytes(fields["images"]) not in _NOTHING else media
    return Ask(model=asked_model(model), max_tokens=0, prompt_tokens=tokens, features=pictures, fields=fields)


def _features(fields: Fields) -> set[str]:
    """What the request uses, by name."""
    used = {feature for name, feature in _FEATURES.items() if name in fields and bytes(fields[name]) not in _NOTHING}
    if b'"disabled"' in bytes(fields.get("thinking", b"")):
        used.discard("reasoning")
    if b'"json_schema"' in bytes(fields.get("response_format", b"")):
        used.add("json_schema")
    return used


def patch(kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
    """See `Dialect.patch`."""
    fields: dict[str, Any] = {**ask.fields, "model": target.model}
    if kind is Kind.CHAT:
        if cap is not None and (ask.max_tokens is None or cap < ask.max_tokens):
            fields["max_tokens"] = cap
        if MARK in bytes(ask.fields["messages"]):
            fields["messages"] = _without_seals(ask.fields["messages"])
    for name in target.quirks.drop:
        fields.pop(name, None)
    return write_fields(fields)


def prompt_text(ask: Ask) -> str:
    """See `Dialect.prompt_text`. Raises `Fault` `invalid_json`."""
    return "\n".join(text for name in _READ if name in ask.fields for text in texts(decoded(ask.fields, name)))


def _without_seals(raw: msgspec.Raw) -> list[JsonObject]:
    """The messages without thoughts of other providers' models: only these can read them, and Cohere's have no seals."""
    try:
        messages = _MESSAGES.decode(raw)
    except UNREADABLE:
        raise Fault("invalid_request", "'messages' must be a list of objects.", param="messages") from None
    return [kept for message in messages if (kept := _without_foreign(message))]


def _without_foreign(message: JsonObject) -> JsonObject:
    """The message; nothing where it was but such thoughts."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    own = [part for part in content if not _is_foreign(part)]
    rest = {name: said for name, said in message.items() if name != "content"}
    return {**rest, "content": own} if own else rest if rest.get("tool_calls") else {}


def _is_foreign(part: Any) -> bool:
    sealed = part.get("signature") if isinstance(part, dict) else None
    return isinstance(sealed, str) and bool(sealed) and not bare(NAME, sealed)
