"""A version's words and parameters in the request of every language that clients speak."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.ollama import Ollama
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.message import Role, Text
from headworks.domain.prompt import Said
from headworks.domain.shape import Shape
from headworks.domain.where import Form, Where

DIALECTS = {dialect.name: dialect for dialect in (OpenAIChat(), OpenAIResponses(), Anthropic(), Gemini(), Cohere(), Ollama())}
HUB = Hub(DIALECTS)
WHERE = Where("m", Form.WHOLE)
ASKED: dict[str, dict[str, Any]] = {
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "Bye"}]},
    "openai_responses": {"model": "m", "input": "Bye"},
    "anthropic": {"model": "m", "messages": [{"role": "user", "content": "Bye"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Bye"}]}]},
    "cohere": {"model": "m", "messages": [{"role": "user", "content": "Bye"}]},
    "ollama": {"model": "m", "messages": [{"role": "user", "content": "Bye"}], "stream": False},
}
"""The same question in each."""
SYSTEM: dict[str, dict[str, Any]] = {
    "openai_chat": {"messages": [{"role": "system", "content": "Be short."}, *ASKED["openai_chat"]["messages"]]},
    "openai_responses": {"instructions": "Be short."},
    "anthropic": {"system": "Be short."},
    "gemini": {"system_instruction": {"parts": [{"text": "Be short."}]}},
    "cohere": {"messages": [{"role": "system", "content": "Be short."}, *ASKED["cohere"]["messages"]]},
    "ollama": {"messages": [{"role": "system", "content": "Be short."}, *ASKED["ollama"]["messages"]]},
}
"""What a caller has the system say, likewise."""
WORDS = Shape(said=(Said("system", "Help."), Said("user", "Hi"), Said("assistant", "Hello")))
PARAMETERS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 3,
    "seed": 7,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
    "max_tokens": 50,
    "stop": ("END",),
    "reasoning_effort": "low",
}
SILENT: dict[str, set[str]] = {
    "openai_responses": {"top_k", "seed", "frequency_penalty", "presence_penalty", "stop"},
    "anthropic": {"seed", "frequency_penalty", "presence_penalty"},
    "cohere": {"reasoning_effort"},
}
"""Parameters that a language has no word for."""


def shape(front: str, body: dict[str, Any], wanted: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body in that shape, and what could not be said."""
    ask = HUB.read_ask(front, Kind.CHAT, msgspec.json.encode(body), WHERE)
    shaped = HUB.shape(front, Kind.CHAT, ask, wanted)
    return msgspec.json.decode(shaped.body), dict(shaped.unsaid)


def heard(front: str, body: dict[str, Any]) -> list[tuple[Role, str]]:
    """Who says what, as every target would be told it."""
    talk = DIALECTS[front].read_request(HUB.read_ask(front, Kind.CHAT, msgspec.json.encode(body), WHERE))
    return [(message.role, part.text) for message in talk.messages for part in message.parts if isinstance(part, Text)]


@pytest.mark.parametrize("front", ASKED)
def test_words_come_before_the_callers_in_every_language(front: str) -> None:
    body, _ = shape(front, ASKED[front], WORDS)

    assert heard(front, body) == [
        (Role.SYSTEM, "Help."),
        (Role.USER, "Hi"),
        (Role.ASSISTANT, "Hello"),
        (Role.USER, "Bye"),
    ]


@pytest.mark.parametrize("front", ASKED)
def test_what_a_caller_has_the_system_say_stays_and_comes_after(front: str) -> None:
    body, _ = shape(front, {**ASKED[front], **SYSTEM[front]}, WORDS)

    said = heard(front, body)
    system = "\n\n".join(text for role, text in said if role is Role.SYSTEM)

    assert system == "Help.\n\nBe short."
    assert [role for role, _ in said if role is not Role.SYSTEM] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert {role for role, _ in said[: len(said) - 3]} == {Role.SYSTEM}


@pytest.mark.parametrize("front", ASKED)
def test_every_parameter_is_said_or_told_to_be_unsaid(front: str) -> None:
    body, unsaid = shape(front, ASKED[front], Shape(defaults=PARAMETERS))
    ask = HUB.read_ask(front, Kind.CHAT, msgspec.json.encode(body), WHERE)
    talk = DIALECTS[front].read_request(ask)

    assert set(unsaid) == SILENT.get(front, set())
    said = {
        **msgspec.structs.asdict(talk.sampling),
        "max_tokens": talk.max_tokens,
        "stop": talk.stop,
        "reasoning_effort": talk.reasoning.effort if talk.reasoning is not None else None,
    }
    assert {name: said[name] for name in PARAMETERS if name not in unsaid} == {
        name: value for name, value in PARAMETERS.items() if name not in unsaid
    }
    assert ask.max_tokens == 50


@pytest.mark.parametrize("front", ASKED)
def test_a_default_gives_way_to_the_caller_and_what_is_fixed_does_not(front: str) -> None:
    own, _ = shape(front, ASKED[front], Shape(fixed={"temperature": 0.9, "max_tokens": 10}))

    kept, _ = shape(front, own, Shape(defaults={"temperature": 0.1, "max_tokens": 99}))
    replaced, _ = shape(front, own, Shape(fixed={"temperature": 0.1, "max_tokens": 99}))

    drawn = [
        DIALECTS[front].read_request(HUB.read_ask(front, Kind.CHAT, msgspec.json.encode(body), WHERE))
        for body in (kept, replaced)
    ]
    assert [(talk.sampling.temperature, talk.max_tokens) for talk in drawn] == [(0.9, 10), (0.1, 99)]


def test_geminis_other_spelling_of_a_field_is_one_said() -> None:
    body, _ = shape(
        "gemini", {**ASKED["gemini"], "generation_config": {"top_p": 0.3}}, Shape(defaults={"top_p": 0.9, "top_k": 3})
    )

    assert body["generationConfig"] == {"topP": 0.3, "topK": 3}


def test_both_names_of_chats_cap_count_and_the_older_one_is_replaced_by_what_is_fixed() -> None:
    asked = {**ASKED["openai_chat"], "max_tokens": 9}

    kept, _ = shape("openai_chat", asked, Shape(defaults={"max_tokens": 50}))
    fixed, _ = shape("openai_chat", asked, Shape(fixed={"max_tokens": 50}))

    assert (kept.get("max_tokens"), "max_completion_tokens" in kept) == (9, False)
    assert ("max_tokens" in fixed, fixed["max_completion_tokens"]) == (False, 50)


def test_anthropics_blocks_of_the_system_keep_what_they_bear() -> None:
    block = {"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}

    body, _ = shape("anthropic", {**ASKED["anthropic"], "system": [block]}, WORDS)

    assert body["system"] == [{"type": "text", "text": "Help."}, block]


def test_what_nobody_shapes_keeps_its_bytes() -> None:
    raw = b'{"model":"m","messages":[{"role":"user","content":"\\u00e9",  "x":1.50}],"y":1e2}'
    ask = HUB.read_ask("openai_chat", Kind.CHAT, raw, WHERE)

    shaped = HUB.shape("openai_chat", Kind.CHAT, ask, Shape(said=WORDS.said[:1], defaults={"seed": 1}))

    assert b'{"role":"user","content":"\\u00e9",  "x":1.50}' in shaped.body
    assert b'"y":1e2' in shaped.body


def test_one_prompt_of_ollamas_has_a_system_and_no_turns() -> None:
    asked = {"model": "m", "prompt": "Bye", "stream": False}

    body, _ = shape("ollama", asked, Shape(said=WORDS.said[:1]))

    assert (body["system"], body["prompt"]) == ("Help.", "Bye")
    with pytest.raises(Fault, match="has turns"):
        shape("ollama", asked, WORDS)


@pytest.mark.parametrize(
    ("front", "field", "value"),
    [
        ("openai_responses", "instructions", 7),
        ("anthropic", "system", 7),
        ("gemini", "systemInstruction", 7),
        ("openai_responses", "reasoning", 7),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_refused_by_name(front: str, field: str, value: object) -> None:
    with pytest.raises(Fault) as refused:
        shape(
            front,
            {**ASKED[front], field: value},
            Shape(said=WORDS.said, defaults={"reasoning_effort": "low", "temperature": 1}),
        )

    assert (refused.value.code, refused.value.param) == ("invalid_request", field)
