"""Where requests name what a provider keeps, and where answers do: by language.

A field is decoded only where its bytes hold one of the names that are looked for, or an escape that may hide one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from headworks.domain.errors import Fault

_ITSELF = frozenset(("",))
_FILES = frozenset(("file_id",))
_ITEMS = frozenset(("file_id", "container_id"))
_TOOLS = frozenset(("file_ids", "vector_store_ids", "container", "container_id"))

_ASKED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "openai_chat": {"messages": _FILES},
    "openai_responses": {"previous_response_id": _ITSELF, "input": _ITEMS, "tools": _TOOLS},
    "anthropic": {"container": frozenset(("", "id")), "messages": _FILES},
    "gemini": {"cachedContent": _ITSELF, "contents": frozenset(("fileUri", "file_uri"))},
}
"""Dialect → top-level field → members, at any depth, that hold ids; the empty name stands for the field itself."""
_ANSWERED: Mapping[str, re.Pattern[bytes]] = {
    "openai_responses": re.compile(rb'"(?:file_id|container_id)":\s*"([^"\\]+)"'),
    "anthropic": re.compile(rb'"(?:file_id|container":\s*\{\s*"id)":\s*"([^"\\]+)"'),
}
"""Dialect → what makes an id in an answer known. In a text the quotes would be escaped."""
_NEEDED = frozenset(("files", "container", "code_execution"))
"""Without one of these features no answer holds any."""
_EVERYBODYS = re.compile(r"(?!gs:|.*googleapis\.com/|files/)")
"""How a URI begins that is no file of a provider's account: Gemini reads from the web, too."""
_DECODE: Callable[[bytes], object] = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Named(NamedTuple):
    """An id in a request, and the field it stands in."""

    id: str
    param: str


def ids_named(front: str, fields: Mapping[str, msgspec.Raw]) -> list[Named]:
    """All foreign ids of a request, in the open or as tokens. Raises `Fault` `invalid_json`."""
    asked = _ASKED.get(front)
    if asked is None:
        return []
    return [
        Named(id_, param) for param, names in asked.items() if param in fields for id_ in _ids_in(fields[param], names, param)
    ]


def asked_fields() -> list[tuple[str, str]]:
    """Dialect and field of all that is looked for."""
    return [(front, field) for front, fields in _ASKED.items() for field in fields]


def mark_of(front: str, features: Collection[str] | None) -> re.Pattern[bytes] | None:
    """By what foreign ids in answers are known, where there can be any for who may use these features; None: whatever was used."""
    return None if features is not None and _NEEDED.isdisjoint(features) else _ANSWERED.get(front)


def names_a_file(raw: bytes, param: str) -> bool:
    """Whether messages or items name a file by an id."""
    return next(_ids_in(raw, _FILES, param), "") != ""


def names_kept(value: object) -> bool:
    """Whether something decoded, of a language of conversations, names by an id what a provider keeps."""
    return next(_found(value, _ITEMS | _TOOLS), "") != ""


def _ids_in(raw: msgspec.Raw | bytes, names: frozenset[str], param: str) -> Iterator[str]:
    data = bytes(raw)
    if "" not in names and not (any(b'"%b"' % name.encode() in data for name in names) or b"\\u00" in data):
        return
    try:
        value = _DECODE(data)
    except _UNREADABLE:
        raise Fault(
            "invalid_json", f"The field '{param}' cannot be read. Send it as plain JSON, less deeply nested.", param=param
        ) from None
    if isinstance(value, str) and "" in names:
        yield from (value,) if value else ()
    else:
        yield from _found(value, names)


def _found(value: object, names: frozenset[str]) -> Iterator[str]:
    waiting: list[object] = [value]
    while waiting:
        match waiting.pop():
            case list(values):
                waiting += values
            case dict(part) if not str(part.get("type", "")).endswith("tool_use"):  # whose input is the caller's own
                for name in names & part.keys():
                    yield from _ids_of(part[name])
                waiting += part.values()
            case _:
                pass


def _ids_of(value: object) -> Iterator[str]:
    """Of one member: an id, or a list of them."""
    match value:
        case list(values):
            for each in values:
                yield from _ids_of(each)
        case str(id_) if id_ and not (":" in id_ and _EVERYBODYS.match(id_)):
            yield id_
        case _:
            pass
