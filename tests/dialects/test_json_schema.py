"""Answers against schemas: as a complete validator sees them, in bounded time."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.dialects.json_schema import TooMuchWork, mismatch

Json = Any

NAMES = st.sampled_from(("a", "b", "c"))
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from((0.5, 1.0, 2.5)) | st.text("xyä", max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(("object", "array", "string", "integer", "number", "boolean", "null"))
SIZES = st.integers(0, 3)
BOUNDS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "minProperties", "maxProperties"),
)


def _schemas(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Schemas of up to three keywords: with more of them, next to nothing is valid."""
    some = st.lists(inner, min_size=1, max_size=3)
    words: dict[str, st.SearchStrategy[Json]] = {
        "type": KINDS | st.lists(KINDS, min_size=1, max_size=2, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "additionalProperties": inner,
        "prefixItems": some,
        "items": inner,
        "anyOf": some,
        "oneOf": some,
        "allOf": some,
        "not": inner,
        "$ref": st.sampled_from(("#/$defs/a", "#/$defs/b/items", "#/$defs/b/anyOf/0")),
        **dict.fromkeys(BOUNDS, SIZES),
    }
    pairs = st.sampled_from(sorted(words)).flatmap(lambda word: st.tuples(st.just(word), words[word]))
    return st.lists(pairs, max_size=3).map(dict)


SCHEMAS = st.recursive(st.booleans() | KINDS.map(lambda kind: {"type": kind}), _schemas, max_leaves=8)
DEFINED = {"a": {"type": ["integer", "array"]}, "b": {"items": {"maxLength": 1}, "anyOf": [{"minimum": 1}]}}


@given(schema=SCHEMAS, value=VALUES)
def test_what_a_complete_validator_finds_is_found_and_nothing_else(schema: Json, value: Json) -> None:
    whole = {"$defs": DEFINED, "allOf": [schema]}

    assert (mismatch(value, whole) is None) is jsonschema_rs.is_valid(whole, value)


def test_a_finding_says_where_and_what() -> None:
    schema = {"properties": {"people": {"items": {"required": ["name"], "properties": {"age": {"type": "integer"}}}}}}

    assert mismatch({"people": [{"name": "Ann"}, {"age": 3}]}, schema) == "the answer.people[1] has no 'name'"
    assert mismatch({"people": [{"name": "Ann", "age": "3"}]}, schema) == "the answer.people[0].age is not of type integer"


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"n0": {"type": "null"}} | {f"n{n}": {"anyOf": [{"$ref": f"#/$defs/n{n - 1}"}] * 2} for n in range(1, 40)}}
        | {"$ref": "#/$defs/n39"},
        {"items": {"enum": list(range(1_000))}},
    ],
    ids=["refers to itself", "doubles with each line", "long lists of long lists"],
)
def test_more_work_than_there_is_time_for_is_given_up(schema: Json) -> None:
    with pytest.raises(TooMuchWork):
        mismatch([999] * 1_000, schema)


@pytest.mark.parametrize(
    "schema", [{"pattern": "(a+)+$"}, {"format": "date"}, {"$ref": "http://127.0.0.1/x"}, {"type": [3, {}]}, [], None]
)
def test_what_is_not_looked_at_is_taken_as_met(schema: Json) -> None:
    assert mismatch("a" * 40 + "!", schema) is None
