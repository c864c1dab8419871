"""What must hold for every recording that crosses from one language to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.events import Event, Failed, PartKind, StopReason
from headworks.domain.target import AskedModel, Quirks
from headworks.ports.interpreter import Prepared
from tests.dialects.crossing import ANTHROPIC, DIALECTS, OPENAI, REQUEST_SCHEMAS, Json, decode, meaning, prepare, read, upstream
from tests.dialects.published_spec import spec
from tests.dialects.recordings import Check, LeftOut, Recording

EXCEPTIONS = "left_out_cross.toml"
MODELS = {ANTHROPIC: ("claude-sonnet-4-0", "claude-sonnet-4-5", "claude-opus-4-7"), OPENAI: ("gpt-5",)}
"""Asked for in the recordings' place: an old, a middling and a new Claude differ in what may be asked of them."""
SHARED_KINDS = (PartKind.TEXT, PartKind.REFUSAL, PartKind.REASONING, PartKind.TOOL_CALL)
"""Parts that both languages can say."""


def question_is_valid(there: str) -> Check:
    """The recorded request, sent to upstreams of the other language, is what that provider describes, or is refused with a reason."""

    def check(recording: Recording) -> None:
        body = recording.request
        if not body.get("model"):
            raise LeftOut("the request names no model: an old Azure deployment path did")
        for model in MODELS[there]:
            _check_question(body, there, model)

    return check


def _check_question(body: Json, there: str, model: str) -> None:
    try:
        prepared = prepare(_other(there), body, upstream(there, model))
    except Fault as fault:
        raise LeftOut(f"refused: {fault.code}: {fault.message}"[:120]) from None
    sent = msgspec.json.decode(prepared.body)
    description, schema = REQUEST_SCHEMAS[there]
    complaints = spec(description).complaints(schema, sent)
    assert not complaints, complaints[:3]
    _assert_nothing_is_dropped_in_silence(prepared, body, sent)


def answer_keeps_meaning(there: str) -> Check:
    """A recorded answer, told to a client of the other language whole and streamed, reads as the same answer."""

    def check(recording: Recording) -> None:
        here = _other(there)
        events = _events(there, recording)
        ask = Ask(model=AskedModel("m"), stream=True, include_usage=True)
        whole = read(here, DIALECTS[here].write_answer(events, ask))
        streamed = decode(here, DIALECTS[here].encoder(ask).feed(events))
        assert _shared(whole) == _shared(events), f"whole: {_difference(_shared(whole), _shared(events))}"
        assert _shared(streamed) == _shared(events), f"streamed: {_difference(_shared(streamed), _shared(events))}"

    return check


def _events(spoken: str, recording: Recording) -> list[Event]:
    answer = recording.answer
    if recording.op == "messages.count_tokens":
        raise LeftOut("the answer is a count")
    quirks = Quirks(reasoning_beside_output=recording.provider in {"xai", "perplexity"})
    target = msgspec.structs.replace(upstream(spoken, "m"), quirks=quirks)
    dialect = DIALECTS[spoken]
    if recording.is_stream:
        decoder = dialect.decoder(target)
        events = [*decoder.feed(answer), *decoder.close()]
    else:
        events = dialect.read_answer(answer, target)
    if any(isinstance(event, Failed) for event in events):
        raise LeftOut("the answer is an error inside a stream")
    return [event for event in events if getattr(event, "choice", 0) == 0]


def _shared(events: list[Event]) -> Json:
    """What both languages say: texts, thoughts and refusals, each joined; calls in order; why it ended; the counts."""
    said = meaning(events)
    joined: dict[str, str] = {}
    calls: list[Json] = []
    for part in said["parts"]:
        if part["kind"] is PartKind.TOOL_CALL:
            calls.append(part)
        elif part["kind"] in SHARED_KINDS:
            kind = "text" if part["kind"] in (PartKind.TEXT, PartKind.REFUSAL) else "thought"
            joined[kind] = joined.get(kind, "") + str(part.get("text", ""))
    refused = any(part["kind"] is PartKind.REFUSAL for part in said["parts"])
    said_in_both = {kind: text for kind, text in joined.items() if text}
    return {**said_in_both, "calls": calls, "usage": said["usage"], "stop": _stop(said["stop"], calls, refused=refused)}


def _difference(one: Json, other: Json) -> Json:
    return {name: (one.get(name), other.get(name)) for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _stop(stops: list[StopReason], calls: list[Json], *, refused: bool) -> str:
    """The finest difference that survives both languages."""
    reason = stops[0] if stops else StopReason.END
    if reason in (StopReason.MAX_TOKENS, StopReason.CONTEXT_WINDOW):
        return "length"
    if reason in (StopReason.REFUSAL, StopReason.CONTENT_FILTER) or (refused and reason is StopReason.END):
        return "refused"
    return "calls" if calls or reason is StopReason.TOOL_CALLS else "end"


def _assert_nothing_is_dropped_in_silence(prepared: Prepared, body: Json, sent: Json) -> None:
    """Every text that was asked is sent, or a loss is reported."""
    wanted = _texts({"messages": body["messages"], "system": body.get("system")})
    missing = {text for text in wanted if text not in _texts(sent)}
    assert not missing or prepared.downgrades, f"dropped in silence: {sorted(missing)[:2]}"


def _texts(value: Any) -> set[str]:
    """Every `text` and `thinking`, and every `content` and `system` that is a string."""
    if isinstance(value, list):
        return {text for item in value for text in _texts(item)}
    if not isinstance(value, dict):
        return set()
    said = {value[name] for name in ("text", "content", "system", "thinking") if isinstance(value.get(name), str)}
    return {text for text in said if text} | {text for item in value.values() for text in _texts(item)}


def _other(dialect: str) -> str:
    return OPENAI if dialect == ANTHROPIC else ANTHROPIC


FAMILIES: dict[str, tuple[tuple[str, ...], dict[str, Callable[[Recording], None]]]] = {
    "Anthropic's recordings, to and from OpenAI": (
        ("messages",),
        {"question": question_is_valid(OPENAI), "answer": answer_keeps_meaning(ANTHROPIC)},
    ),
    "OpenAI's recordings, to and from Anthropic": (
        ("chat.completions",),
        {"question": question_is_valid(ANTHROPIC), "answer": answer_keeps_meaning(OPENAI)},
    ),
}
