"""The facts of a request that is only carried: its model, whether it streams, and how long the answer may be, where it says so."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.bounds import asked_model
from headworks.dialects.fields import Fields, read_fields
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.said import texts
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.governed import GOVERNED, features_of_tools

NAME = "passthrough"
_CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
_CHOICES = ("n", "best_of")
_KNOWN = frozenset(("model", "stream", "user", "tools", *_CAPS, *_CHOICES, *GOVERNED[NAME]))
"""Fields that must not come twice, in any spelling."""

_STRING = msgspec.json.Decoder(str | None)
_decode = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_ask(body: bytes) -> Ask:
    """The facts. Raises `Fault`: `invalid_json`, `duplicate_field`, `invalid_request`."""
    if not body:
        return Ask(model=asked_model(""))
    fields = read_fields(body, _KNOWN)
    return Ask(
        model=asked_model(_text(fields, "model")),
        stream=bytes(fields.get("stream", b"")) == b"true",
        max_tokens=max(_counts(fields, _CAPS), default=None),
        choices=max(_counts(fields, _CHOICES), default=1) or 1,
        prompt_tokens=len(body) // BYTES_PER_TOKEN,
        features=features_of_tools(NAME, fields["tools"]) if "tools" in fields else frozenset(),
        user=_text(fields, "user") if bytes(fields.get("user", b"")).startswith(b'"') else "",
        fields=fields,
    )


def prompt_text(ask: Ask) -> str:
    """Every text of the body, one a line. Raises `Fault` `invalid_json`."""
    return "\n".join(text for name, raw in ask.fields.items() for text in texts({name: _value(raw, name)}))


def _text(fields: Fields, name: str) -> str:
    try:
        return (_STRING.decode(fields[name]) if name in fields else None) or ""
    except _UNREADABLE:
        raise Fault("invalid_request", f"The field '{name}' must be a string.", param=name) from None


def _counts(fields: Fields, names: tuple[str, ...]) -> list[int]:
    """Those of these fields that hold a whole number."""
    said = (_value(fields[name], name) for name in names if name in fields)
    return [value for value in said if isinstance(value, int) and value > 0]


def _value(raw: msgspec.Raw, name: str) -> Any:
    try:
        return _decode(raw)
    except _UNREADABLE:
        raise Fault(
            "invalid_json", f"The field '{name}' cannot be read. Send plain JSON, less deeply nested.", param=name
        ) from None
