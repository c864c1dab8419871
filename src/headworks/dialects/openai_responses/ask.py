"""The facts of a request that stages decide on, read from undecoded fields."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.bounds import asked_model
from headworks.dialects.fields import Fields, decoded, read_fields
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.openai_responses.names import NAME, UNREADABLE
from headworks.dialects.openai_responses.state import refers, refuse_state
from headworks.dialects.said import texts
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import GOVERNED, features_of_tools

FILE_TOKENS = 1600
"""An inline picture or a document's page."""
_PROMPT = ("input", "instructions", "tools")
_READ = (*_PROMPT, "text", "prompt")
"""What a model reads of a request."""
_KNOWN = frozenset(
    (
        *("model", "stream", "max_output_tokens", "previous_response_id", "conversation", "text", "reasoning", "user"),
        *_PROMPT,
        *GOVERNED[NAME],
    )
)
"""Fields that must not come twice, in any spelling."""
_FEATURES = {"tools": "tools", "reasoning": "reasoning", "prompt": "prompt", "previous_response_id": "previous_response"}
_MEDIA = {b'"input_image"': "images", b'"input_file"': "files", b'"input_audio"': "audio", b'"file_id"': "files"}
_NOTHING = frozenset((b"null", b"[]", b"{}", b'""'))
_FILE_BYTES = 512

_STRING = msgspec.json.Decoder(str | None)
_FLAG = msgspec.json.Decoder(bool | None)
_COUNT = msgspec.json.Decoder(int | None)


def read_ask(kind: Kind, body: bytes) -> Ask:
    """The facts. Raises `Fault`: `invalid_json`, `duplicate_field`, `invalid_request`."""
    fields = read_fields(body, _KNOWN)
    model = _value(fields, "model", _STRING, "a string")
    if not model:
        raise Fault("invalid_request", "'model' is missing: name the model to ask, one of GET /v1/models.", param="model")
    if "input" not in fields and "prompt" not in fields:
        raise Fault("invalid_request", "'input' is missing: send a text, or a list of items.", param="input")
    refuse_state(fields)
    tokens, media = _estimate(fields)
    return Ask(
        model=asked_model(model),
        stream=kind is Kind.CHAT and bool(_value(fields, "stream", _FLAG, "true or false")),
        include_usage=True,
        max_tokens=_value(fields, "max_output_tokens", _COUNT, "a whole number"),
        prompt_tokens=tokens,
        features=_features(fields, media),
        user=_value(fields, "user", _STRING, "a string") or "",
        fields=fields,
    )


def prompt_text(ask: Ask) -> str:
    """Every text a caller wrote or gives back, one a line. Raises `Fault` `invalid_json`."""
    return "\n".join(text for name in _READ if name in ask.fields for text in texts(decoded(ask.fields, name)))


def _estimate(fields: Fields) -> tuple[int, set[str]]:
    """Input tokens before anybody has counted them, and which media are among them. Text goes by its bytes, files by the piece."""
    size = tokens = 0
    media: set[str] = set()
    for name in _PROMPT:
        data = bytes(fields.get(name, b""))
        size += len(data)
        media |= {feature for mark, feature in _MEDIA.items() if mark in data}
        if name == "input" and media:
            tokens += (data.count(b'"input_image"') + data.count(b'"input_file"')) * FILE_TOKENS
            size -= sum(len(text) for text in data.split(b'"') if len(text) > _FILE_BYTES and b" " not in text[:_FILE_BYTES])
    return size // BYTES_PER_TOKEN + tokens + 1, media


def _features(fields: Fields, media: set[str]) -> frozenset[str]:
    """What the request uses, by name."""
    used = media | {feature for name, feature in _FEATURES.items() if bytes(fields.get(name, b"null")) not in _NOTHING}
    if b'"json_schema"' in bytes(fields.get("text", b"")):
        used.add("json_schema")
    if refers(fields):
        used.add("previous_response")
    return frozenset(used | features_of_tools(NAME, fields["tools"]) if "tools" in fields else used)


def _value(fields: Fields, name: str, decoder: msgspec.json.Decoder[Any], wanted: str) -> Any:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        raise Fault("invalid_request", f"'{name}' must be {wanted}.", param=name) from None
