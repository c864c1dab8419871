"""The top-level fields of a JSON body, undecoded: read once, patched, and written back with all other bytes as they came.

msgspec keeps the last of two equal keys and says nothing, and two readers of one body must not see two different models. So
the length of the body is compared with what its unique fields take: whatever is left over is white space, an escape, or a second key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.domain.errors import Fault

Fields = dict[str, msgspec.Raw]

_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()
_SPACE = b" \t\r\n"
_PUNCTUATION = 4
"""Bytes around each field: two quotes, a colon, and a comma (or, for the last one, half of the braces)."""


def read_fields(body: bytes, governed: frozenset[str]) -> Fields:
    """The fields of a JSON object. Raises `Fault`: `invalid_json`, or `duplicate_field` where a name comes twice.

    A name that differs from one of `governed` in letter case alone counts as a second spelling of it: some servers read it as the same.
    """
    try:
        fields = _DECODER.decode(body)
        if not body.isascii():
            str(body, "utf-8")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
        raise Fault("invalid_json", _explain(body, trouble)) from None
    if len(body) != len(_ENCODER.encode(fields)) and not _is_spaced(body, fields) and _has_more(body, fields):
        _refuse_duplicates(body)
    if not fields.keys() <= governed:
        _refuse_variants(fields, governed)
    return fields


def write_fields(fields: Mapping[str, Any]) -> bytes:
    """A body again: undecoded values keep their bytes, the others are encoded."""
    return _ENCODER.encode(fields)


def _is_spaced(body: bytes, fields: Fields) -> bool:
    """Whether the body is written as Python's `json.dumps` writes it: the commonest way that is not compact."""
    return body == b"{%b}" % b", ".join([b'"%b": %b' % (name.encode(), value) for name, value in fields.items()])


def _has_more(body: bytes, fields: Fields) -> bool:
    """Whether the body holds more than these fields and white space."""
    solid = len(body.translate(None, _SPACE))
    for name, value in fields.items():
        solid -= len(name.encode().translate(None, _SPACE)) + len(bytes(value).translate(None, _SPACE)) + _PUNCTUATION
    return solid != (1 if fields else 2)


def _refuse_duplicates(body: bytes) -> None:
    """The exact judgement, slow, for bodies that look suspicious (escaped names do too)."""
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs  # the outermost object is the last to be complete

    try:
        json.loads(body, object_pairs_hook=keep, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as trouble:
        raise Fault("invalid_json", _explain(body, trouble)) from None
    seen: set[str] = set()
    for name, _ in outermost:
        if name in seen:
            raise Fault("duplicate_field", f"The field {name!r} stands twice in the request body. Send it once.", param=name)
        seen.add(name)


def _refuse_variants(fields: Fields, governed: frozenset[str]) -> None:
    for name in fields.keys() - governed:
        plain = name.casefold()
        if plain in governed:
            raise Fault("duplicate_field", f"Unknown field {name!r}: write {plain!r} in lower case.", param=name)


def _explain(body: bytes, trouble: Exception) -> str:
    if not body.strip(_SPACE):
        return "The request body is empty. Send a JSON object."
    if isinstance(trouble, RecursionError):
        return "The request body is nested too deeply."
    if isinstance(trouble, UnicodeDecodeError):
        return f"The request body is not valid UTF-8{_where(body)}."
    if isinstance(trouble, msgspec.ValidationError):
        return "The request body must be a JSON object."
    return f"The request body is not valid JSON: {str(trouble).removeprefix('JSON is malformed: ')}."


def _where(body: bytes) -> str:
    try:
        str(body, "utf-8")
    except UnicodeDecodeError as trouble:
        return f" (byte {trouble.start})"
    return ""
