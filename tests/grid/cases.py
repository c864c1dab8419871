"""What the grid asks and what it is answered, in no language. Every front says each question in its own words.

`needles` are what a question must not lose on its way: where one is missing in what the upstream is sent, that is reported or wrong.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from headworks.domain.message import (
    Audio,
    Conversation,
    Document,
    Image,
    Message,
    OutputFormat,
    Part,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
)
from headworks.domain.usage import Usage
from tests.grid.answers import Call, Said

Json = dict[str, Any]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJUhlYWR3b3Jrcw=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
SIGNATURE = "c2lnbmVkIGJ5IGl0cyBtYWtlcg=="
SCHEMA: Json = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}
WEATHER = Tool(
    name="weather",
    description="Tells the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = Tool(
    name="clock", description="Tells the time.", parameters={"type": "object", "properties": {"zone": {"type": "string"}}}
)
OSLO, ROME = Call("call_oslo", "weather", {"city": "Oslo"}), Call("call_rome", "weather", {"city": "Rome"})
HELLO = "What is the capital of Norway?"
_OSLO_SAID = Said(text="The capital is Oslo.")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the grid. `again` tells that what is answered goes into a second question, as the client got it; `fails`, that the
    upstream answers with an error.
    """

    name: str
    talk: Conversation
    needles: tuple[str, ...] = (HELLO,)
    said: Said = _OSLO_SAID
    again: bool = False
    fails: bool = False


def _talk(*messages: Message, **asked: Any) -> Conversation:
    plain = Conversation(dialect="", model="alias", messages=messages, max_tokens=4000)
    return msgspec.structs.replace(plain, **asked)


def _user(*parts: Part) -> Message:
    return Message(role=Role.USER, parts=parts)


def _said(text: str, role: Role = Role.USER) -> Message:
    return Message(role=role, parts=(Text(text=text),), plain=True)


def _called(*calls: Call) -> Message:
    parts = tuple(
        ToolCall(id=call.id, name=call.name, arguments=msgspec.json.encode(call.arguments).decode()) for call in calls
    )
    return Message(role=Role.ASSISTANT, parts=parts, absent=True)


def _result(call: Call, *content: Part) -> Message:
    plain = len(content) == 1 and isinstance(content[0], Text)
    return Message(role=Role.TOOL, parts=(ToolResult(call_id=call.id, name=call.name, content=content, plain=plain),))


_ASK = _said(HELLO)
_PICTURE = Image(media_type="image/png", data=PNG)
_WITH_TOOLS = _talk(_ASK, tools=(WEATHER, CLOCK))

CASES = (
    Case(name="text", talk=_talk(_ASK)),
    Case(name="system", talk=_talk(_said("Speak like a sailor.", Role.SYSTEM), _ASK), needles=(HELLO, "Speak like a sailor.")),
    Case(
        name="system later on",
        talk=_talk(_said("Hi."), _said("Ahoy.", Role.ASSISTANT), _said("Be brief.", Role.SYSTEM), _ASK),
        needles=("Hi.", "Ahoy.", "Be brief.", HELLO),
    ),
    Case(
        name="many turns",
        talk=_talk(_said("Hi."), _said("Ahoy.", Role.ASSISTANT), _ASK),
        needles=("Hi.", "Ahoy.", HELLO),
    ),
    Case(
        name="tools",
        talk=_WITH_TOOLS,
        needles=(HELLO, "weather", "Tells the weather.", "city", "clock"),
        said=Said(calls=(OSLO,), stop=StopReason.TOOL_CALLS),
    ),
    Case(
        name="this tool",
        talk=_talk(_ASK, tools=(WEATHER, CLOCK), tool_choice=ToolChoice(mode=ToolChoiceMode.NAMED, name="weather")),
        needles=(HELLO, "weather", "clock"),
        said=Said(calls=(OSLO,), stop=StopReason.TOOL_CALLS),
    ),
    Case(
        name="no tool now",
        talk=_talk(_ASK, tools=(WEATHER,), tool_choice=ToolChoice(mode=ToolChoiceMode.NONE)),
        needles=(HELLO,),
    ),
    Case(
        name="parallel tools",
        talk=_WITH_TOOLS,
        needles=(HELLO, "weather"),
        said=Said(text="I look.", calls=(OSLO, ROME), stop=StopReason.TOOL_CALLS),
    ),
    Case(
        name="tool results",
        talk=_talk(
            _ASK, _called(OSLO, ROME), _result(OSLO, Text(text="snow")), _result(ROME, Text(text="sun")), tools=(WEATHER,)
        ),
        needles=(HELLO, "Oslo", "Rome", "snow", "sun"),
    ),
    Case(
        name="results with images",
        talk=_talk(_ASK, _called(OSLO), _result(OSLO, Text(text="as seen"), _PICTURE), tools=(WEATHER,)),
        needles=(HELLO, "Oslo", "as seen", PNG),
    ),
    Case(name="image", talk=_talk(_user(Text(text=HELLO), _PICTURE)), needles=(HELLO, PNG)),
    Case(
        name="image by URL",
        talk=_talk(_user(Text(text=HELLO), Image(url="https://example.org/a.png"))),
        needles=(HELLO, "https://example.org/a.png"),
    ),
    Case(
        name="PDF",
        talk=_talk(_user(Text(text=HELLO), Document(media_type="application/pdf", data=PDF, name="a.pdf"))),
        needles=(HELLO, PDF),
    ),
    Case(
        name="text document",
        talk=_talk(_user(Text(text=HELLO), Document(media_type="text/plain", text="Oslo lies in Norway.", name="a"))),
        needles=(HELLO, "Oslo lies in Norway."),
    ),
    Case(name="audio", talk=_talk(_user(Text(text=HELLO), Audio(data=WAV, format="wav"))), needles=(HELLO, WAV)),
    Case(
        name="thinking",
        talk=_talk(_ASK, reasoning=ReasoningAsk(budget=2000, effort="low")),
        said=Said(thought="Norway, then.", signature=SIGNATURE, text="The capital is Oslo."),
    ),
    Case(
        name="thinking, next turn",
        talk=_talk(_ASK, tools=(WEATHER,), reasoning=ReasoningAsk(budget=2000, effort="low")),
        said=Said(thought="Look first.", signature=SIGNATURE, calls=(OSLO,), stop=StopReason.TOOL_CALLS),
        again=True,
    ),
    Case(
        name="JSON schema",
        talk=_talk(_ASK, output=OutputFormat(kind="json_schema", name="answer", schema=SCHEMA, strict=True)),
        needles=(HELLO, "capital"),
        said=Said(text='{"capital":"Oslo"}'),
    ),
    Case(
        name="stop",
        talk=_talk(_ASK, stop=("HALT",)),
        needles=(HELLO, "HALT"),
        said=Said(text="The capital", stop=StopReason.STOP_SEQUENCE, sequence="HALT"),
    ),
    Case(
        name="output cap",
        talk=_talk(_ASK, max_tokens=777),
        needles=(HELLO, "777"),
        said=Said(text="The capital", stop=StopReason.MAX_TOKENS),
    ),
    Case(name="temperature", talk=_talk(_ASK, sampling=Sampling(temperature=0.25)), needles=(HELLO, "0.25")),
    Case(
        name="seed",
        talk=_talk(_ASK, sampling=Sampling(seed=424242)),
        needles=(HELLO, "424242"),
    ),
    Case(name="several answers", talk=_talk(_ASK, choices=2)),
    Case(
        name="log probabilities",
        talk=_talk(_ASK, logprobs=1),
        said=Said(text="The capital is Oslo.", likely=True),
    ),
    Case(name="refusal", talk=_talk(_ASK), said=Said(refusal="I will not say.", stop=StopReason.REFUSAL)),
    Case(name="citations", talk=_talk(_ASK), said=Said(text="The capital is Oslo.", cited=True)),
    Case(
        name="cached and reasoning tokens",
        talk=_talk(_ASK),
        said=Said(text="The capital is Oslo.", usage=Usage(input=1717, output=313, cache_read=1024, reasoning=77)),
    ),
    Case(name="errors", talk=_talk(_ASK), fails=True),
)
