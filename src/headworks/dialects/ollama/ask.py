"""The facts of a request, read without decoding its contents, and the same-dialect body made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.dialects.bounds import EXAMPLE, asked_model
from headworks.dialects.fields import Fields, decoded, read_fields, write_fields
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.ollama.names import NAME, UNREADABLE
from headworks.dialects.said import texts
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import GOVERNED
from headworks.domain.target import Target
from headworks.domain.where import Where

TOKENS_PER_PICTURE = 1100
_PROMPT = ("messages", "prompt", "system", "suffix", "template", "tools", "format", "input")
"""What a model reads of a request."""
_KNOWN = frozenset(
    (
        *("model", "name", "stream", "options", "images", "think", "logprobs", "top_logprobs", "dimensions", "truncate"),
        *("raw", "context"),
        *_PROMPT,
        *GOVERNED[NAME],
    )
)
_CAP = "num_predict"
_FEATURES = {"tools": "tools", "think": "reasoning", "logprobs": "logprobs"}
_NOTHING = frozenset((b"null", b"false", b"[]", b"{}", b'""'))
_STRING = msgspec.json.Decoder(str | None)
_FLAG = msgspec.json.Decoder(bool | None)
_COUNT = msgspec.json.Decoder(int | None)


class _Shown(msgspec.Struct):
    images: list[str] | None = None


_SHOWN = msgspec.json.Decoder(_Shown)
_SHOWING = msgspec.json.Decoder(list[_Shown])


def read_ask(kind: Kind, body: bytes, where: Where) -> Ask:
    """See `Front.read_ask`. A conversation has `messages`; without them it is one `prompt`, and asked of Ollama as that."""
    fields = read_fields(body, _KNOWN)
    model = _read(fields, "model", _STRING, "a string") or _read(fields, "name", _STRING, "a string")
    if not model:
        raise Fault("invalid_request", "The field 'model' is missing: name one of GET /api/tags.", param="model")
    asked = asked_model(model)
    if kind is Kind.MODEL:
        return Ask(model=asked, fields=fields)
    prompt = b"".join(bytes(fields[name]) for name in _PROMPT if name in fields)
    if kind is Kind.EMBEDDINGS:
        _demand(fields, ("input", "prompt"), '"Hello"')
        return Ask(model=asked, max_tokens=0, prompt_tokens=len(prompt) // BYTES_PER_TOKEN + 1, fields=fields)
    _demand(fields, ("messages", "prompt"), EXAMPLE)
    pictures = _pictures(fields)
    tokens = (len(prompt) - sum(map(len, pictures))) // BYTES_PER_TOKEN + len(pictures) * TOKENS_PER_PICTURE + 1
    return Ask(
        model=asked,
        stream=_read(fields, "stream", _FLAG, "a boolean") is not False,
        include_usage=True,
        max_tokens=_cap(fields),
        prompt_tokens=max(tokens, 1),
        features=_features(fields, pictures),
        form=where.form,
        native=None if _says(fields, "messages") else Kind.COMPLETIONS,
        fields=fields,
    )


def patch(kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
    """See `Dialect.patch`. Vectors are asked for in the newer of the two ways, whichever the caller used."""
    fields: dict[str, Any] = {**ask.fields, "model": target.model}
    if kind is Kind.EMBEDDINGS and is_old(ask):
        fields["input"] = fields.pop("prompt")
    if kind is Kind.CHAT and cap is not None and (ask.max_tokens is None or cap < ask.max_tokens):
        fields["options"] = {**_options(fields), _CAP: cap}
    for name in target.quirks.drop:
        fields.pop(name, None)
    return write_fields(fields)


def is_old(ask: Ask) -> bool:
    """Whether one vector is asked for in the way of `/api/embeddings`."""
    return not _says(ask.fields, "input")


def prompt_text(ask: Ask) -> str:
    """See `Front.prompt_text`. Raises `Fault` `invalid_json`."""
    said = {name: decoded(ask.fields, name) for name in _PROMPT if name in ask.fields}
    if isinstance(said.get("messages"), list):
        said["messages"] = [_without_pictures(message) for message in said["messages"]]
    return "\n".join(texts([value if isinstance(value, str | list) else [value] for value in said.values()]))


def _says(fields: Mapping[str, Any], name: str) -> bool:
    return name in fields and bytes(fields[name]) != b"null"


def _demand(fields: Fields, names: tuple[str, str], example: str) -> None:
    if not any(_says(fields, name) for name in names):
        raise Fault("invalid_request", f"'{names[0]}' is missing: send one such as {example}.", param=names[0])


def _without_pictures(message: Any) -> Any:
    return {name: value for name, value in message.items() if name != "images"} if isinstance(message, dict) else message


def _read(fields: Fields, name: str, decoder: msgspec.json.Decoder[Any], wanted: str) -> Any:
    if name not in fields:
        return None
    try:
        return decoder.decode(fields[name])
    except UNREADABLE:
        raise Fault("invalid_request", f"'{name}' must be {wanted}.", param=name) from None


def _options(fields: Mapping[str, Any]) -> Fields:
    """The options, undecoded. Raises `Fault` where one that counts stands twice."""
    return read_fields(bytes(fields["options"]), frozenset((_CAP,))) if _says(fields, "options") else {}


def _cap(fields: Fields) -> int | None:
    """A negative one means none, as in llama.cpp."""
    cap: int | None = _read(_options(fields), _CAP, _COUNT, "a whole number")
    return cap if cap is None or cap >= 0 else None


def _pictures(fields: Fields) -> list[str]:
    """In base64. Most requests have none, and are not decoded for them."""
    if b'"images"' not in bytes(fields.get("messages", b"")) and "images" not in fields:
        return []
    try:
        beside = _SHOWN.decode(write_fields({"images": fields["images"]})) if "images" in fields else _Shown()
        turns = _SHOWING.decode(fields["messages"]) if _says(fields, "messages") else []
    except UNREADABLE:
        raise Fault("invalid_request", "'images' must be lists of pictures in base64.", param="images") from None
    return [picture for each in (beside, *turns) for picture in each.images or ()]


def _features(fields: Fields, pictures: list[str]) -> frozenset[str]:
    """What the request uses, by name."""
    features = {feature for name, feature in _FEATURES.items() if bytes(fields.get(name, b"null")) not in _NOTHING}
    if pictures:
        features.add("images")
    if bytes(fields.get("format", b"null")).startswith(b"{"):
        features.add("json_schema")
    return frozenset(features)
