"""What the emulated model says is deterministic, about the prompt, and valid where a schema asks for it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from headworks.testing import seeded
from headworks.testing.emulator.pattern import matching
from headworks.testing.emulator.prose import Writer, topics_of
from headworks.testing.emulator.schema import instance_json
from headworks.testing.emulator.tokens import pieces_of


def instance(schema: dict[str, object], seed: int = 0, names: tuple[str, ...] = ()) -> str:
    chance = seeded(seed)
    return instance_json(schema, chance, Writer(chance, "the locks of a canal"), names)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_tokens_joined_are_the_text_again(text: str) -> None:
    assert "".join(pieces_of(text)) == text


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(0, 50))
def test_any_prompt_is_answered_and_the_same_one_the_same_way(prompt: str, seed: int) -> None:
    first, second = (Writer(seeded(seed), prompt).answer(40) for _ in range(2))

    assert first == second
    assert len(first) > 20


def test_an_answer_has_as_many_words_as_it_was_asked_for() -> None:
    assert len(Writer(seeded(1), "Write 137 words about rain.").answer(10).split()) == 137


def test_topics_are_the_telling_words_of_a_prompt() -> None:
    assert topics_of("Please explain what a sluice is, and who would use a sluice.")[0] == "sluice"
    assert topics_of("so?") == ["water"]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Leaf(BaseModel):
    kind: Literal["leaf"]
    weight: Annotated[float, Field(gt=0, le=1.5)]


class Branch(BaseModel):
    kind: Literal["branch"]
    children: list[Leaf | Branch] = Field(min_length=1, max_length=3)


class Form(BaseModel):
    id: UUID
    when: datetime
    colour: Colour
    codes: set[Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{3}$")]] = Field(min_length=2)
    note: Annotated[str, Field(min_length=30, max_length=40)]
    count: Annotated[int, Field(ge=3, multiple_of=5)]
    below: Annotated[int, Field(lt=-10)]
    pair: tuple[int, str]
    either: int | None
    root: Branch
    extra: dict[str, int] = Field(min_length=1)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_an_instance_is_valid_by_an_independent_judge(seed: int) -> None:
    """Pydantic writes the schema and judges the instance."""
    Form.model_validate_json(instance(Form.model_json_schema(), seed))


def test_names_in_the_prompt_go_where_places_and_names_are_wanted() -> None:
    schema: dict[str, object] = {
        "properties": {"city": {"type": "string"}, "temperature": {"type": "number"}, "author": {"type": "string"}}
    }

    filled = json.loads(instance(schema, names=("Oslo", "Ibsen")))

    assert (filled["city"], filled["author"]) == ("Oslo", "Ibsen")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
        {
            "allOf": [
                {"properties": {"a": {"const": 1}}, "required": ["a"]},
                {"properties": {"b": {"type": "null"}}, "required": ["b"]},
            ]
        },
        {"type": ["null", "string"]},
        {"oneOf": [{"type": "boolean"}, {"type": "string", "format": "email"}]},
        {"$defs": {"x": {"enum": [7]}}, "$ref": "#/$defs/x"},
        {},
    ],
)
def test_the_odd_corners_of_schemas_are_filled(schema: dict[str, object]) -> None:
    filled = json.loads(instance(schema))

    match schema:
        case {"minItems": least}:
            assert len(set(filled)) >= int(str(least))
        case {"allOf": _}:
            assert filled == {"a": 1, "b": None}
        case {"$ref": _}:
            assert filled == 7
        case _:
            assert filled is not None


def test_a_schema_that_never_ends_is_refused() -> None:
    loop: dict[str, object] = {
        "$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]}},
        "$ref": "#/$defs/n",
    }

    with pytest.raises(ValueError, match="never ends"):
        instance(loop)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}\d{2,4}$",
        r"(cat|dog)s?",
        r"^\+?[0-9]{1,3}-\w+@example\.(com|org)$",
        r"^[^a-z\s]+$",
        r"^(?:ab){2}c*$",
        r"^\S.{0,5}$",
        "^$",
    ],
)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1000))
def test_a_string_is_made_for_a_pattern(pattern: str, seed: int) -> None:
    assert re.search(pattern, matching(pattern, seeded(seed)))


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "(a", "[a"])
def test_a_pattern_beyond_it_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        matching(pattern, seeded(0))
