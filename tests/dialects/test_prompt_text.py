"""Guards see all that a model reads."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.call import Kind
from tests.dialects import anthropic_wire as anthropic
from tests.dialects import openai_wire as openai

SCHEMA = {"type": "object", "properties": {"SECRET": {"type": "string"}}}
DESCRIBED = {"type": "object", "properties": {"a": {"type": "string", "description": "a SECRET", "enum": ["b"]}}}
PHOTO = "iVBORw0KGgo" * 100


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [{"type": "function", "function": {"name": "SECRET"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "description": "SECRET"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": DESCRIBED}}]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": DESCRIBED}}},
        {"prediction": {"type": "content", "content": "SECRET"}},
        {"messages": [{"role": "user", "name": "SECRET", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "novel", "words": "SECRET"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "SECRET, and how to keep it from everybody else", "words": ""}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '"SECRET"'}}]}]},
    ],
)
def test_of_an_openai_question(body: Any) -> None:
    assert "SECRET" in openai.DIALECT.prompt_text(Kind.CHAT, openai.ask(body))


@pytest.mark.parametrize(
    "body",
    [
        {"system": "SECRET"},
        {"system": [{"type": "text", "text": "SECRET"}]},
        {"tools": [{"name": "SECRET", "input_schema": {}}]},
        {"tools": [{"name": "f", "description": "SECRET", "input_schema": {}}]},
        {"tools": [{"name": "f", "input_schema": DESCRIBED}]},
        {"output_config": {"format": {"type": "json_schema", "schema": DESCRIBED}}},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "search_result", "title": "t", "content": [{"type": "text", "text": "SECRET"}]}],
                }
            ]
        },
        {"messages": [{"role": "user", "content": [{"type": "document", "title": "SECRET", "source": {}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "text", "data": "SECRET"}}]}]},
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": ["SECRET"]}}]}
            ]
        },
    ],
)
def test_of_an_anthropic_question(body: Any) -> None:
    assert "SECRET" in anthropic.DIALECT.prompt_text(Kind.CHAT, anthropic.ask(anthropic.question(**body)))


def test_a_suffix_is_part_of_the_question() -> None:
    asked = openai.DIALECT.read_ask(Kind.COMPLETIONS, b'{"model":"m","prompt":["a","b"],"suffix":"SECRET"}')

    assert openai.DIALECT.prompt_text(Kind.COMPLETIONS, asked) == "a\nb\nSECRET"


def test_pictures_are_no_text() -> None:
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PHOTO}"}}
    source = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PHOTO}}
    there = openai.ask({"messages": [{"role": "user", "content": [url]}]})
    here = anthropic.ask(anthropic.question(messages=[{"role": "user", "content": [source]}]))

    assert PHOTO not in openai.DIALECT.prompt_text(Kind.CHAT, there)
    assert PHOTO not in anthropic.DIALECT.prompt_text(Kind.CHAT, here)
