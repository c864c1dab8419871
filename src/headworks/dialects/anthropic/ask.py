"""The facts of a request, read without decoding the rest, and the same-dialect body made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headworks.dialects.anthropic.given_back import without_foreign_thoughts
from headworks.dialects.anthropic.wire import NAME, UNREADABLE
from headworks.dialects.bounds import EXAMPLE, asked_model
from headworks.dialects.fields import Fields, decoded, read_fields, write_fields
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.said import texts
from headworks.dialects.signatures import MARK
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import BETA_FIELD, GOVERNED
from headworks.domain.target import Target

"""Of a prompt's JSON, names and punctuation included."""
TOKENS_PER_FILE = 1600
"""Of an inline picture or a document's page."""
TOOL_PROMPT_TOKENS = 350
"""What Anthropic tells a model about tools in general, where there are any."""
_FILE_BYTES = 512
"""An inline `data` of fewer bytes is no file, and one with a space among so many is text."""

_GOVERNED = frozenset(("model", "stream", "max_tokens", BETA_FIELD, *GOVERNED[NAME]))
_PROMPT = ("system", "messages", "tools")
_READ = (*_PROMPT, "output_config", "output_format")
"""What a model reads of a request."""
_NOTHING = frozenset((b"null", b"[]", b"{}", b'{"type":"disabled"}'))
_FEATURES = {"tools": "tools", "mcp_servers": "mcp", "thinking": "reasoning", "output_format": "json_schema"}
_MEDIA = {b'"image"': "images", b'"document"': "files"}
_NO_FEATURES: frozenset[str] = frozenset()


class _Metadata(msgspec.Struct):
    user_id: str | None = None


_METADATA = msgspec.json.Decoder(_Metadata | None)
_STRING = msgspec.json.Decoder(str | None)
_FLAG = msgspec.json.Decoder(bool | None)
_COUNT = msgspec.json.Decoder(int | None)


def read_ask(kind: Kind, body: bytes) -> Ask:
    """See `Interpreter.read_ask`."""
    fields = read_fields(body, _GOVERNED)
    model = _value(fields, "model", _STRING, "a string")
    if not model:
        raise Fault("invalid_request", "'model' is missing: name the model to ask, one of GET /v1/models.", param="model")
    if "messages" not in fields:
        raise Fault("invalid_request", f"'messages' is missing: send a list such as {EXAMPLE}.", param="messages")
    tokens, media = estimate_prompt(fields)
    max_tokens = _value(fields, "max_tokens", _COUNT, "a whole number")
    if max_tokens is not None and max_tokens < 0:  # 0 only fills the prompt cache
        raise Fault("invalid_request", "'max_tokens' must be 0 or more.", param="max_tokens")
    return Ask(
        model=asked_model(model),
        stream=kind is Kind.CHAT and bool(_value(fields, "stream", _FLAG, "true or false")),
        include_usage=True,
        max_tokens=max_tokens,
        prompt_tokens=tokens,
        features=_NO_FEATURES if not media and fields.keys().isdisjoint(_FEATURES) else _features(fields, media),
        user=_user(fields) if "metadata" in fields else "",
        fields=fields,
    )


def _user(fields: Fields) -> str:
    metadata = _value(fields, "metadata", _METADATA, "an object whose 'user_id' is text")
    return (metadata.user_id or "") if metadata is not None else ""


def _features(fields: Fields, media: set[str]) -> frozenset[str]:
    """What the request uses, by name."""
    features = media | {feature for name, feature in _FEATURES.items() if bytes(fields.get(name, b"null")) not in _NOTHING}
    if "tools" in features and b'"web_search_2' in bytes(fields["tools"]):
        features.add("web_search")
    return frozenset(features)


def patch(kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
    """See `Dialect.patch`."""
    fields: dict[str, Any] = {**ask.fields, "model": target.model}
    if cap is not None and "max_tokens" in fields and (ask.max_tokens is None or cap < ask.max_tokens):
        fields["max_tokens"] = cap
    for name in target.quirks.drop:
        fields.pop(name, None)
    if MARK in bytes(ask.fields.get("messages", b"")):
        fields["messages"] = without_foreign_thoughts(ask.fields["messages"])
    if target.body is not None and kind is Kind.CHAT:
        target.body.apply(fields)
    return write_fields(fields)


def estimate_prompt(fields: Fields) -> tuple[int, set[str]]:
    """Input tokens before anybody has counted them, and which media are among them. Text is taken by its bytes, files by the piece.

    It serves for reservations, for cut streams, and as the count where no upstream can count.
    """
    size = 0
    tokens = TOOL_PROMPT_TOKENS if "tools" in fields else 0
    media: set[str] = set()
    for name in _PROMPT:
        raw = fields.get(name)
        if raw is not None:
            data = bytes(raw)
            size += len(data)
            if b'"source"' in data:
                media |= {feature for mark, feature in _MEDIA.items() if mark in data}
                tokens += data.count(b'"source"') * TOKENS_PER_FILE
                size -= sum(_inline_files(data))
    return size // BYTES_PER_TOKEN + tokens, media


def prompt_text(ask: Ask) -> str:
    """See `Dialect.prompt_text`. Raises `Fault` `invalid_json`."""
    return "\n".join(text for name in _READ if name in ask.fields for text in texts(decoded(ask.fields, name)))


def _inline_files(data: bytes) -> Iterator[int]:
    """Lengths of the long base64 strings, found without parsing."""
    place = data.find(b'"data"')
    while place >= 0:
        start = data.find(b'"', place + 6) + 1
        end = data.find(b'"', start)
        if start > 0 and end - start > _FILE_BYTES and b" " not in data[start : start + _FILE_BYTES]:
            yield end - start
        place = data.find(b'"data"', max(end, place + 6))


def _value(fields: Fields, name: str, decoder: msgspec.json.Decoder[Any], wanted: str) -> Any:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        raise Fault("invalid_request", f"'{name}' must be {wanted}.", param=name) from None
