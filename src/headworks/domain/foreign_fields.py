"""Where requests name what a provider keeps, and where answers do: by language.

A field is decoded only where its bytes hold one of the names that are looked for, or an escape that may hide one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.plain_json import read_plain
from headworks.domain.web_address import on_the_web

_ITSELF = frozenset(("",))
_FILES = frozenset(("file_id",))
_ITEMS = _FILES | {"container_id"}
_TOOLS = _ITEMS | {"file_ids", "vector_store_ids", "container"}
_CACHES = frozenset(("cachedContent", "cached_content"))
_URIS = frozenset(("fileUri", "file_uri"))
_SPOKEN = frozenset(("audio",))
"""Of an answer that was spoken, to be gone on from."""
_CONTAINERS = frozenset(("", "id", "skill_id"))
_SHIPPED = {"skill_id": "anthropic"}
"""Member → the type of the part in which it names what is everybody's."""
_STORES = frozenset(("fileSearchStoreNames", "file_search_store_names"))

_PICTURES = frozenset(("image", "images", "mask"))
"""Fields of pictures to go by, in OpenAI's language."""
_ASKED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "openai_chat": {
        "messages": _FILES | _SPOKEN,
        "file_id": _ITSELF,
        "extra_body": _CACHES,
        **dict.fromkeys(_PICTURES, _ITEMS),
    },
    "openai_responses": {"previous_response_id": _ITSELF, "input": _ITEMS, "tools": _TOOLS, "prompt": _ITEMS},
    "anthropic": {"container": _CONTAINERS, "messages": _FILES},
    "gemini": {
        "cachedContent": _ITSELF,
        "contents": _URIS,
        "systemInstruction": _URIS,
        "tools": _STORES,
        "content": _URIS,  # of vectors, one or many
        "requests": _URIS,
        "generateContentRequest": _URIS | _STORES | _CACHES,  # to be counted
    },
}
"""Dialect → top-level field → members, at any depth, that hold ids; the empty name stands for the field itself."""
_FEATURES = {**dict.fromkeys((*_FILES, *_URIS, *_STORES), "files"), **dict.fromkeys(_CACHES, "cached_content")}
"""Member → what it takes to name anything there."""
STORED: frozenset[str] = frozenset(_FEATURES.values())
"""Who has these may name anything of their own."""
_ESCAPES = (b"\\u004", b"\\u005", b"\\u006", b"\\u007")
"""What may hide a letter of a name."""
_SOUND = re.compile(rb'"audio":\s*\{\s*"id":\s*"([^"\\]+)"')
"""In answers in OpenAI's language, where sound was asked for."""
_ANSWERED: Mapping[str, re.Pattern[bytes]] = {
    "openai_responses": re.compile(rb'"(?:file_id|container_id)":\s*"([^"\\]+)"'),
    "anthropic": re.compile(rb'"(?:file_id|container":\s*\{\s*"id)":\s*"([^"\\]+)"'),
}
"""Dialect → what makes an id in an answer known. In a text the quotes would be escaped."""
_NEEDED = frozenset(("files", "container", "code_execution"))
"""Without one of these features no answer holds any."""
KEPT: frozenset[str] = frozenset(
    (
        *("file_id", "file_ids", "input_file_id", "output_file_id", "error_file_id", "training_file", "validation_file"),
        *("vector_store_id", "vector_store_ids", "container", "container_id", "batch_id", "thread_id", "assistant_id"),
        *("conversation", "conversation_id", "previous_response_id", "response_id", *_CACHES),
        *(*_URIS, *_STORES),
    )
)
"""Members that name what a provider keeps, whatever is asked of it."""
_CALLERS_OWN = frozenset(("metadata",))
"""Members whose words a provider gives back as they are, and does not read."""
_ARGUMENTS = (("tool_use", "input"), ("function", "parameters"))
"""How the type of a part ends, and which of its members a provider does not read either."""
_DECODE: Callable[[bytes], object] = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Named(NamedTuple):
    """An id in a request, and the field it stands in."""

    id: str
    param: str


def ids_named(front: str, fields: Mapping[str, msgspec.Raw]) -> list[Named]:
    """All foreign ids of a request, in the open or as tokens. Raises `Fault`: `invalid_json`, `duplicate_field`."""
    return [Named(id_, param) for _, id_, param in _named(front, fields) if not on_the_web(id_)]


def stored_named(front: str, fields: Mapping[str, msgspec.Raw]) -> Iterator[tuple[str, str]]:
    """What it takes to name what a request names inside its fields, wherever that lies, and in which field. Raises as `ids_named` does."""
    return ((_FEATURES[name], param) for name, _, param in _named(front, fields) if name in _FEATURES)


def asked_fields() -> list[tuple[str, str]]:
    """Dialect and field of all that is looked for."""
    return [(front, field) for front, fields in _ASKED.items() for field in fields]


def mark_of(front: str, features: Collection[str] | None, fields: Collection[str]) -> re.Pattern[bytes] | None:
    """By what foreign ids in answers are known, where there can be any for who may use these features, and asks with these fields. None for
    features: whatever was used.
    """
    if front == "openai_chat":
        return _SOUND if "modalities" in fields else None
    return None if features is not None and _NEEDED.isdisjoint(features) else _ANSWERED.get(front)


def with_opened(raw: bytes, param: str, names: frozenset[str], opened: Callable[[str, str], str]) -> bytes:
    """A field with its ids opened: `param` itself, or members of that name at any depth, in any spelling. Where it could hold any it is
    written anew, so that whoever reads it next finds what was found here. Raises `Fault`: `invalid_json`, and what `opened` raises.
    """
    folded = {name.casefold() for name in names}
    if param.casefold() not in folded and not raw.startswith((b"{", b"[")):
        return raw
    try:
        value = _decoded(raw, param)
        return msgspec.json.encode(_opened(value, folded, opened, param)) if _has_any({param: value}, folded) else raw
    except RecursionError:
        raise _unreadable(param) from None


def _has_any(value: object, folded: Collection[str]) -> bool:
    match value:
        case list(values):
            return any(_has_any(each, folded) for each in values)
        case dict(members):
            return any(
                name.casefold() in folded or (name not in _CALLERS_OWN and _has_any(each, folded))
                for name, each in members.items()
            )
        case _:
            return False


def _opened(value: object, folded: Collection[str], opened: Callable[[str, str], str], name: str) -> object:
    match value:
        case str(id_) if id_ and name.casefold() in folded and not on_the_web(id_):
            return opened(id_, name)
        case list(values):
            return [_opened(each, folded, opened, name) for each in values]
        case dict(members):
            return {key: each if key in _CALLERS_OWN else _opened(each, folded, opened, key) for key, each in members.items()}
        case _:
            return value


def mark_of_members(names: Collection[str]) -> re.Pattern[bytes]:
    """What makes ids in an answer known that stand in members of these names, one or a list. The group is empty for what is the caller's own."""
    members, own = (b"|".join(re.escape(name).encode() for name in sorted(some)) for some in (names, _CALLERS_OWN))
    return re.compile(
        rb'"(?:%b)"\s*+:\s*+\{(?:[^{}"]++|"(?:[^"\\]|\\.)*+")*+\}' % own
        + rb'|"(?:%b)"\s*+:\s*+("[^"\\]++"|\[(?:\s*+"[^"\\]++"\s*+,?)++\s*+\])' % members
    )


def names_kept(value: object) -> bool:
    """Whether something decoded, of a language of conversations, names by an id what a provider keeps."""
    return any(not on_the_web(id_) for _, id_ in _found(value, _TOOLS))


def _named(front: str, fields: Mapping[str, msgspec.Raw]) -> Iterator[tuple[str, str, str]]:
    """Member, id and field."""
    for param, names in _ASKED.get(front, {}).items():
        if param in fields:
            yield from ((name, id_, param) for name, id_ in _ids_in(bytes(fields[param]), names, param))


def _ids_in(data: bytes, names: frozenset[str], param: str) -> Iterator[tuple[str, str]]:
    if "" not in names and not _may_name(data, names):
        return
    try:
        value = read_plain(data.decode())
    except (ValueError, RecursionError):
        raise _unreadable(param) from None
    if isinstance(value, str) and "" in names:
        yield from (("", value),) if value else ()
    else:
        yield from _found(value, names)


def _may_name(data: bytes, names: frozenset[str]) -> bool:
    """Cheap, and true for all that does: most requests are let go here."""
    return any(b'"%b"' % name.encode() in data for name in names) or (
        b"\\u00" in data and any(escape in data for escape in _ESCAPES)
    )


def _decoded(data: bytes, param: str) -> object:
    try:
        return _DECODE(data)
    except _UNREADABLE:
        raise _unreadable(param) from None


def _unreadable(param: str) -> Fault:
    return Fault("invalid_json", f"The field '{param}' cannot be read. Send it as plain JSON, less deeply nested.", param=param)


def _found(value: object, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Member and id."""
    waiting: list[object] = [value]
    while waiting:
        match waiting.pop():
            case list(values):
                waiting += values
            case dict(part):
                own = _arguments_of(part)
                for name in names & part.keys():
                    if name not in _SHIPPED or part.get("type") != _SHIPPED[name]:
                        yield from ((name, id_) for id_ in _ids_of(part[name]))
                waiting += (member for name, member in part.items() if name != own)
            case _:
                pass


def _arguments_of(part: Mapping[str, object]) -> str:
    kind = part.get("type")
    return next((own for end, own in _ARGUMENTS if isinstance(kind, str) and kind.endswith(end)), "")


def _ids_of(value: object) -> Iterator[str]:
    """Of one member: an id, a list of them, or what has an id."""
    match value:
        case {"id": str(id_)} if id_:
            yield id_
        case list(values):
            for each in values:
                yield from _ids_of(each)
        case str(id_) if id_:
            yield id_
        case _:
            pass
