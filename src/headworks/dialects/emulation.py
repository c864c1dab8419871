"""What a target cannot do, done otherwise: the policy `inexpressible: emulate`. Each emulation is reported like any other downgrade.

Dialects say by themselves what their languages have no words for. This is about single models and providers, whose languages have the
word and who do not heed it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.anthropic.structured import by_words
from headworks.dialects.json_schema import TooMuchWork, mismatch
from headworks.domain.errors import Fault
from headworks.domain.events import Ended, Event, PartKind, PartStarted, Stopped, StopReason, TextDelta
from headworks.domain.message import Conversation, Downgrade, JsonObject, Message, Role, ToolChoiceMode
from headworks.domain.target import Target

POLICY = "emulate"
_PROMPTS = (Role.SYSTEM, Role.DEVELOPER)
_STRUCTURED = frozenset(("json_object", "json_schema"))
_GIVES_SEVERAL = frozenset(("openai_chat", "gemini"))
"""Languages in which one question may have several answers."""
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def emulated(talk: Conversation, target: Target, reported: list[Downgrade]) -> Conversation:
    """`talk` without what this target does not heed. Raises `Fault` `inexpressible` for what nothing can stand in for."""
    _refuse_several(talk, target)
    return _output(_choice(_prompts(talk, target, reported), target, reported), target, reported)


class JsonJudge:
    """Whether an answer is the JSON that was asked for. One per answer; cut, refused and calling ones are let pass."""

    def __init__(self, schema: JsonObject | None = None) -> None:
        """`schema` is what it must be valid against, None where any JSON will do."""
        self._schema = schema
        self._texts: list[str] = []
        self._textual: set[int] = set()
        self._reason = StopReason.OTHER

    def hear(self, events: Sequence[Event]) -> None:
        """More of the answer. Raises `Fault` `upstream_garbage` at its end."""
        for event in events:
            if isinstance(event, PartStarted) and event.kind is PartKind.TEXT and event.choice == 0:
                self._textual.add(event.part)
            elif isinstance(event, TextDelta) and event.part in self._textual and event.choice == 0:
                self._texts.append(event.text)
            elif isinstance(event, Stopped) and event.choice == 0:
                self._reason = event.reason
            elif isinstance(event, Ended) and self._reason is StopReason.END:
                self._judge()

    def _judge(self) -> None:
        try:
            answer = msgspec.json.decode("".join(self._texts))
        except _UNREADABLE:
            raise Fault(
                "upstream_garbage", "The model's answer is not the JSON that was asked for. Ask again, or another model."
            ) from None
        if self._schema is not None and (found := _mismatch(answer, self._schema)) is not None:
            raise Fault(
                "upstream_garbage", f"The model's answer is not valid against the schema: {found}. Ask again, or another model."
            )


def _mismatch(answer: object, schema: JsonObject) -> str | None:
    try:
        return mismatch(answer, schema)
    except TooMuchWork:
        return None  # JSON it is, and more than that cannot be told in time


def judge_of(talk: Conversation, target: Target) -> JsonJudge | None:
    """Whoever hears the answer of a target whose JSON was asked for in words, or is not sure to come."""
    if target.inexpressible != POLICY or not wants_json(talk):
        return None
    assert talk.output is not None
    return JsonJudge(talk.output.schema)


def wants_json(talk: Conversation) -> bool:
    """Whether the answer should be JSON."""
    return talk.output is not None and talk.output.kind in _STRUCTURED


def _refuse_several(talk: Conversation, target: Target) -> None:
    if (talk.choices or 1) > 1 and (target.dialect not in _GIVES_SEVERAL or "n" in target.quirks.drop):
        raise Fault(
            "inexpressible", f"{target.name} gives one answer, and {talk.choices} were asked for. Ask as many times.", param="n"
        )


def _prompts(talk: Conversation, target: Target, reported: list[Downgrade]) -> Conversation:
    """System prompts after the first turn join the first."""
    first = [message for message in talk.messages if message.role in _PROMPTS]
    if not target.quirks.no_system_after_first or len(first) < 2 or talk.messages[: len(first)] == tuple(first):  # noqa: PLR2004 - nothing to join
        return talk
    reported.append(Downgrade("messages", "system prompts are joined at the front: this provider takes no later ones"))
    joined = Message(role=first[0].role, parts=tuple(part for message in first for part in message.parts))
    rest = tuple(message for message in talk.messages if message.role not in _PROMPTS)
    return msgspec.structs.replace(talk, messages=(joined, *rest))


def _choice(talk: Conversation, target: Target, reported: list[Downgrade]) -> Conversation:
    """A choice of tools said by which tools there are."""
    choice = talk.tool_choice
    if choice is None or "tool_choice" not in target.quirks.drop:
        return talk
    if choice.mode is ToolChoiceMode.NONE:
        reported.append(Downgrade("tool_choice", "'none' is said by leaving the tools out"))
        return msgspec.structs.replace(talk, tools=(), tool_choice=None)
    if choice.mode is ToolChoiceMode.NAMED:
        reported.append(Downgrade("tool_choice", f"said by offering no other tool than {choice.name!r}"))
        kept = tuple(tool for tool in talk.tools if tool.name == choice.name)
        return msgspec.structs.replace(talk, tools=kept, tool_choice=None)
    return talk


def _output(talk: Conversation, target: Target, reported: list[Downgrade]) -> Conversation:
    """JSON asked for in words, where the model has no better way; whether it came is judged at the end."""
    able = "response_format" not in target.quirks.drop and (
        target.profile.features is None or "json_schema" in target.profile.features
    )
    if able or not wants_json(talk) or talk.output is None:
        return talk
    asked = by_words(talk, talk.output.schema, [])
    reported.append(Downgrade("response_format", "asked for in words; an answer that is no such JSON counts as a failure"))
    return msgspec.structs.replace(asked, output=None)
