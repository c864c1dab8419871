"""The top-level fields of a JSON body, undecoded: read once, patched, and written back with all other bytes as they came.

msgspec keeps the last of two equal keys and says nothing, and two readers of one body must not see two different models. A body that is
exactly what its unique fields are when written again has no second key. One that is spaced or escaped in another way, and every large
one, is followed from key to key: that costs by the number of fields, of which there may not be many, and not by what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from headworks.domain.errors import Fault

Fields = dict[str, msgspec.Raw]

MOST_FIELDS = 200
"""Top-level fields of a request. No API has half as many."""
_LARGE = 65_536
"""Bytes from which on a body is followed before it is decoded: so many can hold more keys than may be decoded on the loop."""

_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()
_SKIPPER = msgspec.json.Decoder(msgspec.Raw)
_VALUE = msgspec.json.Decoder()
_NAME = msgspec.json.Decoder(str)
_SPACE = b" \t\r\n"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_fields(body: bytes, governed: frozenset[str]) -> Fields:
    """The fields of a JSON object. Raises `Fault`: `invalid_json`, `invalid_request` where there are too many of them, or
    `duplicate_field` where a name comes twice.

    A name that differs from one of `governed` in letter case alone counts as a second spelling of it: some servers read it as the same.
    """
    followed = len(body) > _LARGE and _follow(body)
    try:
        fields = _DECODER.decode(body)
        if not body.isascii():
            str(body, "utf-8")
    except _UNREADABLE as trouble:
        raise Fault("invalid_json", _explain(body, trouble)) from None
    if not followed and body != _ENCODER.encode(fields) and not _is_spaced(body, fields) and not _follow(body):
        raise Fault("invalid_json", "The request body is not a plain JSON object. Send one object and nothing after it.")
    if len(fields) > MOST_FIELDS:
        raise _too_many()
    if not fields.keys() <= governed:
        refuse_variants(fields, governed)
    return fields


def decoded(fields: Mapping[str, Any], name: str) -> Any:
    """The value of one undecoded field. Raises `Fault` `invalid_json`."""
    return all_decoded({name: fields[name]})[name]


def all_decoded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The values of undecoded fields. Raises `Fault` `invalid_json` for the first that cannot be read."""
    values: dict[str, Any] = {}
    name = ""
    try:
        for name, raw in fields.items():
            values[name] = _VALUE.decode(raw)
    except _UNREADABLE:
        raise Fault(
            "invalid_json", f"The field '{name}' is not valid JSON, or is nested too deeply. Send it flatter.", param=name
        ) from None
    return values


def write_fields(fields: Mapping[str, Any]) -> bytes:
    """A body again: undecoded values keep their bytes, the others are encoded."""
    return _ENCODER.encode(fields)


def _is_spaced(body: bytes, fields: Fields) -> bool:
    """Whether the body is written as Python's `json.dumps` writes it: the commonest way that is not compact."""
    return body == b"{%b}" % b", ".join([b'"%b": %b' % (name.encode(), value) for name, value in fields.items()])


def _follow(body: bytes) -> bool:
    """Go from key to key, as the exact judgement on their names and number. Tells whether that led to the object's end.

    Where it does not, the body is no JSON object, and decoding it says why.
    """
    view = memoryview(body)
    names: set[str] = set()
    at = body.find(b"{") + 1
    try:
        while True:
            colon = _end(view, at)
            if body[colon : colon + 1] != b":":
                return False
            name = _NAME.decode(view[at:colon])
            if name in names:
                raise Fault(
                    "duplicate_field",
                    f"The field {name[:60]!r} stands twice in the request body. Send it once.",
                    param=name[:60],
                )
            names.add(name)
            if len(names) > MOST_FIELDS:
                raise _too_many()
            end = _end(view, colon + 1)
            if body[end : end + 1] != b",":
                return body[end : end + 1] == b"}"
            at = end + 1
    except _UNREADABLE:
        return not names and body[at:].strip(_SPACE) == b"}"


def _end(view: memoryview, at: int) -> int:
    """Where the value that begins here is over, and the white space after it. msgspec skips values without making anything of them,
    and tells how far it had to read to find what it did not expect.
    """
    try:
        _SKIPPER.decode(view[at:])
    except msgspec.DecodeError as trouble:
        what, _, place = str(trouble).rpartition(" (byte ")
        if not what.endswith("trailing characters"):
            raise
        return at + int(place.rstrip(")")) - 1  # it has read that byte already
    return len(view)


def _too_many() -> Fault:
    return Fault("invalid_request", f"The request body has more than {MOST_FIELDS} fields. Send those that the API knows.")


def refuse_variants(fields: Mapping[str, Any], governed: frozenset[str]) -> None:
    """Raise `duplicate_field` where a name differs from one of `governed` in letter case alone."""
    folded = _folded(governed)
    for name in fields.keys() - governed:
        known = folded.get(name.casefold())
        if known is not None:
            how = f"write {known!r} in lower case" if known.islower() else f"write {known!r}"
            raise Fault("duplicate_field", f"Unknown field {name!r}: {how}.", param=name)


@lru_cache(maxsize=16)
def _folded(governed: frozenset[str]) -> Mapping[str, str]:
    """Names without regard to case → the names."""
    return {name.casefold(): name for name in governed}


def _explain(body: bytes, trouble: Exception) -> str:
    if not body.strip(_SPACE):
        return "The request body is empty. Send a JSON object."
    if isinstance(trouble, RecursionError):
        return "The request body is nested too deeply. Send it flatter."
    if isinstance(trouble, UnicodeDecodeError):
        return f"The request body is not valid UTF-8{_where(body)}. Encode it so."
    if isinstance(trouble, msgspec.ValidationError):
        return "The request body must be a JSON object."
    return f"The request body is not valid JSON: {str(trouble).removeprefix('JSON is malformed: ')}. Correct it there."


def _where(body: bytes) -> str:
    try:
        str(body, "utf-8")
    except UnicodeDecodeError as trouble:
        return f" (byte {trouble.start})"
    return ""
