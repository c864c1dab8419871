"""An answer that breaks off in its midst is gone on with by another target: the client sees one answer, and the account has both attempts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.continued import Echo
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending
from headworks.domain.partial import Continuation
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel, Quirks, Target
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House
from .test_one_ending import LIMITED, Leaver, ended, in_a_loop, the_record

TEXT = "The quick brown fox jumps over the lazy dog, and then it sleeps."
GONE = Fault("severed", "The connection was lost.")
USAGE = {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}


def chat_chunk(delta: dict[str, Any], **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}
    content = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}
    return msgspec.json.encode(content).decode()


def pieces(text: str, size: int = 5) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def chat(text: str, *, broken: Fault | None = None, size: int = 5) -> Script:
    events = [chat_chunk({"role": "assistant", "content": ""}), *(chat_chunk({"content": each}) for each in pieces(text, size))]
    if broken is not None:
        return Script.sse(*events, fault=broken)
    usage = msgspec.json.encode(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": USAGE}
    )
    return Script.sse(*events, chat_chunk({}, finish="stop"), usage, "[DONE]")


def messages(text: str, *, broken: Fault | None = None) -> Script:
    start = {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "c",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 40, "output_tokens": 1},
        },
    }
    events: list[dict[str, Any]] = [
        start,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": each}} for each in pieces(text)
    ]
    if broken is None:
        events += [
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 9},
            },
            {"type": "message_stop"},
        ]
    lines = tuple(f"event: {each['type']}\ndata: {msgspec.json.encode(each).decode()}\n\n".encode() for each in events)
    return Script(headers=((b"content-type", b"text/event-stream"),), pieces=lines, fault=broken)


def targets(*prefills: str, dialects: Sequence[str] = ("openai_chat",) * 5) -> tuple[Target, ...]:
    return tuple(
        sample_target(f"t{number}/model", order=number, dialect=dialects[number], quirks=Quirks(prefill=prefill))
        for number, prefill in enumerate(prefills)
    )


class Scene:
    """One streamed chat at a house whose targets are asked in turn, each with a script."""

    def __init__(
        self, scripts: Sequence[Script], of: Sequence[Target], *, front: str = "openai_chat", most: int | None = 1, **asked: Any
    ) -> None:
        continuation = Continuation(most=most) if most is not None else None
        model = Model(
            name=AskedModel("model"), targets=tuple(of), retry=RetryPolicy(attempts=3, base=0.0), continuation=continuation
        )
        dialects = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()})
        self.house = House(
            Snapshot(revision="r", models={"model": model}), ScriptedUpstream(scripts), principal=LIMITED, interpreter=dialects
        )
        question = {"model": "model", "stream": True, "max_tokens": 100, "messages": [{"role": "user", "content": "Say it."}]}
        self.call = sample_call(
            snapshot=self.house.snapshot,
            front=front,
            body=Whole(msgspec.json.encode(question | asked)),
            headers={b"authorization": b"Bearer " + KEY},
            principal=None,
            ask=None,
        )
        self.sink = CollectingSink()

    async def play(self, sink: CollectingSink | None = None) -> Exchange:
        (await self.house.serve(self.call)).start(sink or self.sink)
        await ended(self.call)
        return the_record(self.house, self.call)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Bodies, as each target was asked."""
        bodies = [line.request.body for line in self.house.upstream.lines]
        return [msgspec.json.decode(body) for body in bodies if isinstance(body, bytes)]

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = bytes(self.sink.body).decode().split("\n")
        return [msgspec.json.decode(line[6:]) for line in lines if line.startswith("data: {")]

    @property
    def text(self) -> str:
        """What the client has read."""
        said = list[str]()
        for event in self.events:
            if event.get("type") == "content_block_delta":
                said.append(event["delta"].get("text", ""))
            said += [choice["delta"].get("content") or "" for choice in event.get("choices", ())]
        return "".join(said)


def test_another_target_goes_on_and_the_client_sees_one_answer() -> None:
    async def scenario() -> None:
        scene = Scene([chat(TEXT[:20], broken=GONE), chat(TEXT[20:])], targets("flags", "flags"))
        record = await scene.play()

        assert scene.text == TEXT
        assert bytes(scene.sink.body).count(b'"role"') == 1
        assert bytes(scene.sink.body).count(b"[DONE]") == 1
        assert b": headworks: continued" in scene.sink.body
        assert scene.sent[1]["messages"][-1] == {"role": "assistant", "content": TEXT[:20].rstrip()}
        assert scene.sent[1]["continue_final_message"] is True
        assert scene.sent[1]["add_generation_prompt"] is False
        assert scene.sent[1]["max_tokens"] == 100 - 5
        assert (record.ending, record.status, record.fault) == (Ending.FINISHED, 200, "")
        assert [(line.target, line.fault, line.served) for line in record.tried] == [
            ("t0/model", "severed", True),
            ("t1/model", "", True),
        ]
        assert record.tried[1].why == "continuation after severed at t0/model: 20 characters had been told"
        assert record.notes["continued"] == "1"
        assert record.cost > record.price > 0

    in_a_loop(scenario)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, len(TEXT) - 1), st.integers(1, 9), st.booleans())
def test_wherever_it_breaks_the_text_is_what_it_would_have_been(cut: int, size: int, echoes: bool) -> None:  # noqa: FBT001 - hypothesis's
    async def scenario() -> None:
        blanks = len(TEXT[:cut]) - len(TEXT[:cut].rstrip())
        rest = TEXT if echoes and cut >= 16 else TEXT[cut - blanks :]
        scene = Scene([chat(TEXT[:cut], broken=GONE, size=size), chat(rest, size=size)], targets("flags", "flags"))
        await scene.play()

        assert scene.text == TEXT

    in_a_loop(scenario)


@pytest.mark.parametrize("front", ["openai_chat", "anthropic"])
@pytest.mark.parametrize(
    ("first", "second"), [("openai_chat", "anthropic"), ("anthropic", "openai_chat"), ("anthropic", "anthropic")]
)
def test_targets_of_either_language_go_on_for_clients_of_either(front: str, first: str, second: str) -> None:
    async def scenario() -> None:
        say = {"openai_chat": chat, "anthropic": messages}
        scripts = [say[first](TEXT[:21], broken=GONE), say[second](TEXT[21:])]
        scene = Scene(scripts, targets("turn", "turn", dialects=(first, second)), front=front)
        record = await scene.play()

        assert scene.text == TEXT
        assert record.ending is Ending.FINISHED
        starts = [event for event in scene.events if event.get("type") in ("message_start", "content_block_start")]
        assert len(starts) == (2 if front == "anthropic" else 0)

    in_a_loop(scenario)


def test_the_client_is_told_the_usage_of_one_question_and_one_answer() -> None:
    async def scenario() -> None:
        scene = Scene(
            [chat(TEXT[:20], broken=GONE), chat(TEXT[20:])], targets("flags", "flags"), stream_options={"include_usage": True}
        )
        await scene.play()

        usage = next(event["usage"] for event in scene.events if event.get("usage"))
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (40 - 5, 9 + 5)

    in_a_loop(scenario)


def test_a_prefix_is_marked_where_a_provider_wants_it_so() -> None:
    async def scenario() -> None:
        scene = Scene([chat(TEXT[:19], broken=GONE), chat(TEXT[19:])], targets("", "prefix"))
        await scene.play()

        assert scene.sent[1]["messages"][-1] == {"role": "assistant", "content": TEXT[:19], "prefix": True}
        assert scene.text == TEXT

    in_a_loop(scenario)


async def breaks_off(scene: Scene, attempts: int) -> None:
    record = await scene.play()
    assert len(record.tried) == attempts
    assert record.ending is Ending.SEVERED
    assert b"[DONE]" not in scene.sink.body
    assert b'"error"' in scene.sink.body
    assert record.fault == "severed"


CALLING = Script.sse(
    chat_chunk({"role": "assistant", "content": "Let me look."}),
    chat_chunk(
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a'}}]}
    ),
    fault=GONE,
)
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("scene", "attempts"),
    [
        (lambda: Scene([chat(TEXT[:9], broken=GONE)], targets("flags", "flags"), most=None), 1),
        (lambda: Scene([chat(TEXT[:9], broken=GONE)], targets("flags", "")), 1),
        (lambda: Scene([chat(TEXT[:9], broken=GONE)], targets("flags")), 1),
        (lambda: Scene([CALLING], targets("flags", "flags"), tools=TOOLS), 1),
        (lambda: Scene([chat('{"a', broken=GONE)], targets("flags", "flags"), response_format=SCHEMA), 1),
        (lambda: Scene([chat(TEXT[:9], broken=GONE), chat(TEXT[9:20], broken=GONE)], targets("flags", "flags", "flags")), 2),
        (lambda: Scene([chat(TEXT[:9], broken=GONE), Script(status=500)], targets("flags", "flags", "flags")), 2),
    ],
    ids=["not asked for", "nobody can", "nobody else", "a call has begun", "a form is wanted", "twice", "the other is broken"],
)
def test_where_nobody_can_go_on_the_stream_breaks_off_as_ever(scene: Any, attempts: int) -> None:
    in_a_loop(lambda: breaks_off(scene(), attempts))


def test_an_answer_that_breaks_twice_is_gone_on_with_twice_where_that_is_allowed() -> None:
    async def scenario() -> None:
        scripts = [chat(TEXT[:9], broken=GONE), chat(TEXT[9:24], broken=GONE), chat(TEXT[24:])]
        scene = Scene(scripts, targets("flags", "flags", "flags"), most=2)
        record = await scene.play()

        assert scene.text == TEXT
        assert [line.target for line in record.tried] == ["t0/model", "t1/model", "t2/model"]
        assert scene.sent[2]["messages"][-1]["content"] == TEXT[:24]

    in_a_loop(scenario)


def test_a_call_that_follows_the_text_elsewhere_reaches_the_client() -> None:
    async def scenario() -> None:
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        second = Script.sse(
            chat_chunk({"role": "assistant", "content": TEXT[20:30]}),
            chat_chunk({"tool_calls": [call]}),
            chat_chunk({}, finish="tool_calls"),
            "[DONE]",
        )
        scene = Scene([chat(TEXT[:20], broken=GONE), second], targets("flags", "flags"), tools=TOOLS)
        record = await scene.play()

        assert scene.text == TEXT[:30]
        assert b'"look"' in scene.sink.body
        assert record.ending is Ending.FINISHED

    in_a_loop(scenario)


@pytest.mark.parametrize("frames", range(1, 9))
def test_a_client_that_leaves_at_any_frame_ends_it_once(frames: int) -> None:
    async def scenario() -> None:
        scene = Scene([chat(TEXT[:20], broken=GONE), chat(TEXT[20:])], targets("flags", "flags"))
        reply = await scene.house.serve(scene.call)
        leaver = Leaver(reply, frames)
        reply.start(leaver)
        await ended(scene.call)
        record = the_record(scene.house, scene.call)

        assert record.ending in (Ending.CLIENT_GONE, Ending.FINISHED)

    in_a_loop(scenario)


def test_an_answer_that_does_not_break_is_as_without() -> None:
    async def scenario() -> None:
        scene = Scene([chat(TEXT)], targets("flags", "flags"))
        record = await scene.play()

        assert scene.text == TEXT
        assert [line.target for line in record.tried] == ["t0/model"]
        assert b"continued" not in scene.sink.body

    in_a_loop(scenario)


@given(st.text("ab ", max_size=40), st.text("ab ", max_size=20), st.data())
def test_what_is_repeated_is_left_out_in_any_cuts(said: str, rest: str, data: st.DataObject) -> None:
    whole, echo, out = said + rest, Echo(said), ""
    if len(said) < 16:
        whole = said[len(said.rstrip()) :] + rest
    left = whole
    for _ in count():
        if not left:
            break
        size = data.draw(st.integers(1, len(left)))
        out += echo.strip(left[:size])
        left = left[size:]

    assert (out + echo.rest()) in (rest, rest.lstrip(" "), whole)
