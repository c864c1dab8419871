"""Turns of a conversation from another language, made what most languages take them for: one for all that was said in one go, with
calls that can be told apart.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import count, groupby
from operator import attrgetter

import msgspec

from headworks.domain.message import Message, Part, Role, ToolCall, ToolResult

ECHOES = ("reasoning_content", "reasoning")
"""Fields of a message that repeat its thoughts as plain text: nothing is lost with them."""


def with_unique_calls(messages: Sequence[Message]) -> Sequence[Message]:
    """The same where every call has an id of its own: some servers count from 0 in every answer. A result goes with the oldest call of
    the turn before it that bears its id and has none yet.
    """
    calls = [part.id for message in messages for part in message.parts if isinstance(part, ToolCall)]
    return messages if len(calls) == len(set(calls)) else _Renaming(calls).of(messages)


class _Renaming:
    def __init__(self, calls: Iterable[str]) -> None:
        self._taken = set(calls)
        self._seen: set[str] = set()
        self._waiting: dict[str, list[str]] = {}

    def of(self, messages: Sequence[Message]) -> list[Message]:
        return [self._message(message) for message in messages]

    def _message(self, message: Message) -> Message:
        if any(isinstance(part, ToolCall) for part in message.parts):
            self._waiting = {}
        return msgspec.structs.replace(message, parts=tuple(self._part(part) for part in message.parts))

    def _part(self, part: Part) -> Part:
        if isinstance(part, ToolCall):
            own = part.id if part.id not in self._seen else unlike(part.id, self._taken)
            self._seen.add(own)
            self._taken.add(own)
            self._waiting.setdefault(part.id, []).append(own)
            return msgspec.structs.replace(part, id=own)
        if isinstance(part, ToolResult) and self._waiting.get(part.call_id):
            return msgspec.structs.replace(part, call_id=self._waiting[part.call_id].pop(0))
        return part


def unlike(call_id: str, taken: Container[str]) -> str:
    """The id with the first number behind it that makes it none of these."""
    return next(other for number in count(2) if (other := f"{call_id}_{number}") not in taken)


def joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same with what the model said in one go in one message: its thoughts, words and calls in their order."""
    turns: list[Message] = []
    for role, group in groupby(messages, key=attrgetter("role")):
        said = list(group)
        if role is Role.ASSISTANT and len(said) > 1:
            parts = tuple(part for message in said for part in message.parts)
            extra = {name: value for message in said for name, value in message.extra.items()}
            turns.append(Message(role=role, parts=parts, extra=extra))
        else:
            turns += said
    return tuple(turns)
