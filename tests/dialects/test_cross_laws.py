"""Laws of crossing, over random answers: whichever way an answer goes, streamed or whole, it says the same when it comes back."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.events import (
    ArgumentsDelta,
    Ended,
    Event,
    PartEnded,
    PartKind,
    PartStarted,
    Ping,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    UsageSeen,
)
from headworks.domain.usage import Usage
from tests.dialects.anthropic_answers import answers
from tests.dialects.anthropic_wire import Json
from tests.dialects.crossing import ANTHROPIC, DIALECTS, OPENAI, decode, meaning, read, read_ask

ASKED: Json = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
WITH_USAGE: Json = {**ASKED, "stream_options": {"include_usage": True}}

_words = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=9)
_counts = st.integers(1, 999)


@st.composite
def event_lists(draw: st.DrawFn) -> list[Event]:
    """An answer of OpenAI's language: thought, text, then calls side by side, their pieces mixed."""
    events: list[Event] = [Started(id="chatcmpl-1", model="m", created=1, dialect=OPENAI)]
    part = 0
    for kind in draw(st.lists(st.sampled_from([PartKind.REASONING, PartKind.TEXT]), unique=True, max_size=2)):
        pieces = draw(st.lists(_words, min_size=1, max_size=3))
        events += [PartStarted(part, kind), *(TextDelta(part, piece) for piece in pieces), PartEnded(part)]
        part += 1
    calls = range(part, part + draw(st.integers(0, 3)))
    arguments = {call: msgspec.json.encode(draw(st.dictionaries(_words, _words, max_size=2))).decode() for call in calls}
    pieces_left = [(call, cut) for call, text in arguments.items() for cut in _cut(text)]
    events += [PartStarted(call, PartKind.TOOL_CALL, call_id=f"call_{call}", name="f") for call in calls]
    if draw(st.booleans()):
        pieces_left.sort(key=lambda piece: piece[1][0])  # keeps each call's pieces in order, and mixes the calls
    events += [ArgumentsDelta(call, text[start : start + 5]) for call, (start, text) in pieces_left]
    events += [PartEnded(call) for call in draw(st.permutations(list(calls)))]
    reason = (
        StopReason.TOOL_CALLS
        if calls
        else draw(st.sampled_from([StopReason.END, StopReason.MAX_TOKENS, StopReason.CONTENT_FILTER]))
    )
    usage = Usage(
        input=draw(_counts) + 10,
        output=draw(_counts) + 10,
        cache_read=draw(st.integers(0, 10)),
        reasoning=draw(st.integers(0, 10)),
    )
    return [*events, Ping(), Stopped(reason), UsageSeen(usage), Ended()]


def _cut(text: str) -> list[tuple[int, str]]:
    return [(start, text) for start in range(0, len(text), 5)]


@given(event_lists())
def test_openais_answer_to_an_anthropic_client(events: list[Event]) -> None:
    ask = read_ask(ANTHROPIC, ASKED)

    whole = meaning(read(ANTHROPIC, DIALECTS[ANTHROPIC].write_answer(events, ask)))
    encoder = DIALECTS[ANTHROPIC].encoder(ask)
    streamed = meaning(decode(ANTHROPIC, b"".join(encoder.feed([event]) for event in events)))

    assert streamed == whole
    assert _without_stop(whole) == _without_stop(meaning(events))


@given(answers)
def test_anthropics_answer_to_an_openai_client(answer: Json) -> None:
    """Parts that only Anthropic knows are left out; texts run together, as OpenAI has but one."""
    events = read(ANTHROPIC, msgspec.json.encode(answer))
    ask = read_ask(OPENAI, WITH_USAGE)

    whole = meaning(read(OPENAI, DIALECTS[OPENAI].write_answer(events, ask)))
    streamed = meaning(decode(OPENAI, DIALECTS[OPENAI].encoder(ask).feed(events)))

    assert _by_kind(streamed) == _by_kind(whole) == _by_kind(meaning(events))


@given(event_lists())
def test_anthropics_own_library_puts_the_stream_together(events: list[Event]) -> None:
    """The message that its client makes of it is the one that is told whole."""
    ask = read_ask(ANTHROPIC, ASKED)
    stream = DIALECTS[ANTHROPIC].encoder(ask).feed(events)
    whole = msgspec.json.decode(DIALECTS[ANTHROPIC].write_answer(events, ask))

    message = _put_together(stream)

    assert [_shown(block) for block in message.content] == whole["content"]
    assert (message.stop_reason, message.usage.output_tokens) == (whole["stop_reason"], whole["usage"]["output_tokens"])
    assert message.usage.input_tokens == whole["usage"]["input_tokens"]


def _put_together(stream: bytes) -> Any:
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    transport = httpx2.MockTransport(lambda _request: answer)
    with (
        httpx2.Client(transport=transport) as http,
        anthropic.Anthropic(api_key="x", base_url="http://x", http_client=http) as client,
    ):
        asked: Any = client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
        with asked as received:
            return received.get_final_message()


def _shown(block: Any) -> Json:
    return block.model_dump(exclude_none=True, exclude_unset=True, exclude={"parsed_output"})


def _without_stop(said: Json) -> Json:
    return {name: value for name, value in said.items() if name != "stop"}


def _by_kind(said: Json) -> Json:
    joined: dict[str, str] = {}
    for part in said["parts"]:
        if part["kind"] in (PartKind.TEXT, PartKind.REASONING):
            joined[part["kind"]] = joined.get(part["kind"], "") + part.get("text", "")
    calls = [part for part in said["parts"] if part["kind"] is PartKind.TOOL_CALL]
    signed = [part.get("signature") for part in said["parts"] if part.get("signature")]
    redacted = [part["text"] for part in said["parts"] if part["kind"] is PartKind.REDACTED_REASONING]
    return {
        "calls": calls,
        "signed": signed,
        "redacted": redacted,
        "usage": said["usage"],
        **{kind: text for kind, text in joined.items() if text},
    }
