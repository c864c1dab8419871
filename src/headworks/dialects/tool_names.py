"""Names of tools that a target's language does not take, said otherwise in the question and as they were in the answer.

A name that one language allows another one refuses, and with it the whole question: tools of MCP servers have long ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from headworks.domain.message import Conversation, Downgrade, Message, Part, ToolCall, ToolChoice, ToolResult

_USUAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FITS: Mapping[str, re.Pattern[str]] = {
    "openai_chat": _USUAL,
    "openai_responses": _USUAL,
    "bedrock": _USUAL,
    "anthropic": re.compile(r"[a-zA-Z0-9_-]{1,128}"),
    "gemini": re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"),
}
_ODD = re.compile(r"[^a-zA-Z0-9_-]")
_KEPT, _MARK = 55, 8
"""Letters of a name that stay, and of the mark behind them that keeps it unlike all others: together no more than 64."""
_SHOWN = 80

Names = Mapping[str, str]


def fitted(talk: Conversation, dialect: str, reported: list[Downgrade]) -> tuple[Conversation, Names]:
    """`talk` with names that the language takes, and what each of them stands for."""
    fits = _FITS.get(dialect)
    others = {name: _other(name) for name in _named(talk) if name and fits.fullmatch(name) is None} if fits is not None else {}
    if not others:
        return talk, {}
    for place, tool in enumerate(talk.tools):
        if tool.name in others:
            said = others[tool.name]
            reported.append(Downgrade(f"tools[{place}].name", f"'{ascii(tool.name)[1:-1][:_SHOWN]}' is said as '{said}' there"))
    renamed = msgspec.structs.replace(
        talk,
        messages=tuple(_message(message, others) for message in talk.messages),
        tools=tuple(msgspec.structs.replace(tool, name=others.get(tool.name, tool.name)) for tool in talk.tools),
        tool_choice=_choice(talk.tool_choice, others),
    )
    return renamed, {said: name for name, said in others.items()}


def _named(talk: Conversation) -> list[str]:
    called = [part.name for message in talk.messages for part in message.parts if type(part) is ToolCall]
    return [tool.name for tool in talk.tools] + called if talk.tools else called


def _other(name: str) -> str:
    """As much of the name as can be said, and a mark: the same in every turn."""
    plain = _ODD.sub("_", name)[:_KEPT]
    return f"{plain if plain[0].isalpha() else '_' + plain[1:]}_{sha256(name.encode()).hexdigest()[:_MARK]}"


def _message(message: Message, others: Names) -> Message:
    if not any(isinstance(part, ToolCall | ToolResult) for part in message.parts):
        return message
    parts = tuple(_part(part, others) for part in message.parts)
    return msgspec.structs.replace(message, parts=parts, name=others.get(message.name, message.name))


def _part(part: Part, others: Names) -> Part:
    if isinstance(part, ToolCall | ToolResult) and part.name in others:
        return msgspec.structs.replace(part, name=others[part.name])
    return part


def _choice(choice: ToolChoice | None, others: Names) -> ToolChoice | None:
    if choice is None:
        return None
    allowed = tuple(others.get(name, name) for name in choice.allowed)
    return msgspec.structs.replace(choice, name=others.get(choice.name, choice.name), allowed=allowed)
