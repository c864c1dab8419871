"""Turns of a conversation that was read from a language in which every call and every thought is an item of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from headworks.domain.message import Message, Role

ECHOES = ("reasoning_content", "reasoning")
"""Fields of a message that repeat its thoughts as plain text: nothing is lost with them."""


def joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same with what the model said in one go in one message: its thoughts, words and calls in their order."""
    turns: list[Message] = []
    for role, group in groupby(messages, key=lambda message: message.role):
        said = list(group)
        if role is Role.ASSISTANT and len(said) > 1:
            parts = tuple(part for message in said for part in message.parts)
            extra = {name: value for message in said for name, value in message.extra.items()}
            turns.append(Message(role=role, parts=parts, extra=extra))
        else:
            turns += said
    return tuple(turns)
