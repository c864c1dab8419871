"""Ids in members of JSON: known in answers and opened in requests, and nothing else is touched."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.domain.foreign_fields import mark_of_members, with_opened

NAMES = frozenset(("id", "file_id", "file_ids"))
MARK = mark_of_members(NAMES)
words = st.text(st.sampled_from('ab-_{}[]:, "\\é'), max_size=8)
keys = st.sampled_from(("id", "file_id", "file_ids", "metadata", "text", "ID", "data"))
documents = st.recursive(
    st.one_of(words, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
objects = st.dictionaries(keys, documents, max_size=4)


def marked(raw: bytes) -> bytes:
    """The document with a T before every id that is known."""
    return MARK.sub(lambda found: found[0] if not found[1] else _begun(found[0], found[1]), raw)


def _begun(said: bytes, ids: bytes) -> bytes:
    return said.removesuffix(ids) + re.sub(rb'"([^"\\\\]+)"', rb'"T\1"', ids)


def expected(value: Any) -> Any:
    """The same, of what was decoded."""
    if isinstance(value, list):
        return [expected(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _expected_member(name, each) for name, each in value.items()}


def _expected_member(name: str, value: Any) -> Any:
    if name == "metadata" and isinstance(value, dict) and "{" not in _without_texts(json.dumps(list(value.values()))):
        return value
    if name in NAMES and _is_id(value):
        return f"T{value}"
    if name in NAMES and isinstance(value, list) and value and all(map(_is_id, value)):
        return [f"T{each}" for each in value]
    return expected(value)


def _without_texts(text: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", text)


def _is_id(value: Any) -> bool:
    """No provider makes ids that have to be escaped."""
    return isinstance(value, str) and value != "" and not set(value) & set('"\\')


@given(objects, st.booleans())
def test_all_ids_of_an_answer_are_known_and_nothing_else_is(document: dict[str, Any], spaced: bool) -> None:  # noqa: FBT001 - drawn
    raw = json.dumps(document, ensure_ascii=False).encode() if spaced else msgspec.json.encode(document)
    assert json.loads(marked(raw)) == expected(document)


@given(objects)
def test_all_ids_of_a_request_are_opened_once(document: dict[str, Any]) -> None:
    seen: list[str] = []

    def opened(id_: str, _param: str) -> str:
        seen.append(id_)
        return f"<{id_}>"

    raws = {name: msgspec.json.encode(value) for name, value in document.items()}
    sent = {name: with_opened(raw, name, NAMES, opened) for name, raw in raws.items()}

    assert sorted(seen) == sorted(_ids_in(document))
    assert [
        name for name in raws if not list(_ids_in({name: document[name]})) and json.loads(sent[name]) != document[name]
    ] == []


def _ids_in(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [id_ for key, each in value.items() if key != "metadata" for id_ in _ids_in(each, key)]
    if isinstance(value, list):
        return [id_ for each in value for id_ in _ids_in(each, name)]
    return [value] if isinstance(value, str) and value and name.casefold() in NAMES else []


@pytest.mark.parametrize("depth", [5_000, 200_000])
def test_what_is_nested_too_deeply_is_refused(depth: int) -> None:
    raw = b'{"a":' * depth + b'{"id":"x"}' + b"}" * depth
    with pytest.raises(Fault) as refused:
        with_opened(raw, "a", NAMES, lambda id_, _: f"<{id_}>")
    assert refused.value.code == "invalid_json"


def test_an_address_on_the_web_is_no_id() -> None:
    raw = b'{"file_id":"https://x.test/a","id":"https://generativelanguage.googleapis.com/v1beta/files/a"}'
    assert with_opened(raw, "a", NAMES, lambda id_, _: "<" + id_[-1] + ">") == b'{"file_id":"https://x.test/a","id":"<a>"}'
