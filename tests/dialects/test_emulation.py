"""`inexpressible: emulate`: what a target does not heed is done otherwise, and reported; JSON that was asked for in words is judged."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.translated import Translated
from headworks.domain.errors import Fault
from headworks.domain.profile import Profile
from headworks.domain.target import Quirks, Target
from headworks.ports.interpreter import Prepared
from tests.dialects.crossing import ANTHROPIC, OPENAI, as_stream, prepare, upstream

Json = dict[str, Any]

HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
TOOLS: list[Json] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("look", "ask")
]
NUMBERED: Json = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
SCHEMA: Json = {"type": "json_schema", "json_schema": {"name": "a", "schema": NUMBERED}}


def weak(*drop: str, **changes: Any) -> Target:
    """A target that heeds nothing of these fields."""
    quirks = Quirks(drop=drop, no_system_after_first=True)
    return msgspec.structs.replace(upstream(OPENAI, "small"), inexpressible="emulate", quirks=quirks, **changes)


def asked(target: Target, front: str = OPENAI, **body: Any) -> tuple[Json, list[str], Prepared]:
    """What the target is sent, and what is reported."""
    prepared = prepare(front, {"model": "m", "max_tokens": 9, "messages": HELLO, **body}, target)
    return msgspec.json.decode(prepared.body), [loss.path for loss in prepared.downgrades], prepared


def answer(text: str, finish: str = "stop") -> Json:
    """A chat answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {
        "id": "c",
        "created": 1,
        "model": "small",
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }


def test_json_is_asked_for_in_words_and_nothing_else_of_the_same_language_changes() -> None:
    body, reported, _ = asked(weak("response_format"), response_format=SCHEMA, seed=7, made_up={"a": 1})

    assert reported == ["response_format"]
    assert "response_format" not in body
    assert (body["seed"], body["made_up"]) == (7, {"a": 1})
    assert '"n"' in body["messages"][0]["content"]
    assert body["messages"][1] == HELLO[0]


def test_a_profile_tells_that_a_model_gives_no_json() -> None:
    body, reported, _ = asked(weak(profile=Profile(features=("tools",))), response_format=SCHEMA)

    assert (reported, "response_format" in body) == (["response_format"], False)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("text", "good"), [('{"n": "one"}', False), ("{}", False), ('{"n": 1}', True), ("Well, it is 1.", False)]
)
@pytest.mark.parametrize("front", [OPENAI, ANTHROPIC])
def test_an_answer_that_is_not_the_json_asked_for_is_a_failure(front: str, text: str, good: bool, streamed: bool) -> None:  # noqa: FBT001
    wanted = {
        OPENAI: {"response_format": SCHEMA},
        ANTHROPIC: {"output_config": {"format": {"type": "json_schema", "schema": NUMBERED}}},
    }
    _, _, prepared = asked(weak("response_format"), front, stream=streamed, **wanted[front])

    sent = as_stream(OPENAI, answer(text)) if streamed else msgspec.json.encode(answer(text))
    prepared.relay.feed(sent)
    prepared.relay.close()

    assert (prepared.relay.fault is None) is good
    assert good or (prepared.relay.fault and prepared.relay.fault.code) == "upstream_garbage"


def test_an_answer_cut_short_is_not_judged() -> None:
    _, _, prepared = asked(weak("response_format"), response_format=SCHEMA)

    prepared.relay.feed(msgspec.json.encode(answer('{"n', "length")))

    assert prepared.relay.fault is None


def test_later_system_prompts_are_joined_at_the_front() -> None:
    turns = [{"role": "system", "content": "A"}, *HELLO, {"role": "system", "content": "B"}]

    body, reported, _ = asked(weak(), messages=turns)

    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert [part["text"] for part in body["messages"][0]["content"]] == ["A", "B"]
    assert reported == ["messages"]


@pytest.mark.parametrize(
    ("choice", "left"), [("none", []), ({"type": "function", "function": {"name": "ask"}}, ["ask"]), ("auto", ["look", "ask"])]
)
def test_a_choice_of_tools_is_said_by_which_there_are(choice: Any, left: list[str]) -> None:
    body, reported, _ = asked(weak("tool_choice"), tools=TOOLS, tool_choice=choice)

    assert [tool["function"]["name"] for tool in body.get("tools", ())] == left
    assert reported == ["tool_choice"]


@pytest.mark.parametrize(
    "target", [weak("n"), msgspec.structs.replace(upstream(ANTHROPIC, "claude-sonnet-4-5"), inexpressible="emulate")]
)
def test_several_answers_that_nobody_gives_are_refused(target: Target) -> None:
    with pytest.raises(Fault) as refused:
        asked(target, n=2)

    assert (refused.value.code, refused.value.param) == ("inexpressible", "n")


def test_who_heeds_all_is_asked_untouched() -> None:
    """Nothing to emulate, nothing to translate: the bytes are the caller's."""
    strong = msgspec.structs.replace(upstream(OPENAI, "big"), inexpressible="emulate")
    assert not isinstance(asked(strong, response_format=SCHEMA)[2].relay, Translated)
    assert asked(strong, response_format=SCHEMA)[:2] == (
        {"model": "big", "max_tokens": 9, "messages": HELLO, "response_format": SCHEMA},
        [],
    )
