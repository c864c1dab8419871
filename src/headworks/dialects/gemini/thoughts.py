"""Thoughts that another language signed, put together again: clients give back what they were streamed, a thought's words in pieces, each
a part or even a content of its own, and then its signature. It holds for all the words alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import msgspec

from headworks.dialects.gemini.signatures import unstamped
from headworks.domain.message import Message, Part, Reasoning


def joined(messages: Sequence[Message]) -> Sequence[Message]:
    """The same with each such thought in one piece, where its signature stands."""
    if not any(_is_signature(part) for message in messages for part in message.parts):
        return messages
    placed: list[tuple[int, Part]] = []
    for place, message in enumerate(messages):
        for part in message.parts:
            text = _words_taken(placed) if _is_signature(part) else ""
            placed.append((place, msgspec.structs.replace(part, text=text) if text else part))
    left: list[list[Part]] = [[] for _ in messages]
    for place, part in placed:
        left[place].append(part)
    return [
        msgspec.structs.replace(message, parts=tuple(parts))
        for message, parts in zip(messages, left, strict=True)
        if parts or not message.parts
    ]


def _words_taken(placed: list[tuple[int, Part]]) -> str:
    """The words that stand last, which are there no longer."""
    words: list[str] = []
    while placed and _is_unsigned(part := placed[-1][1]):
        words.append(part.text)
        placed.pop()
    return "".join(reversed(words))


def _is_signature(part: Part) -> bool:
    """Of another language, with nothing else: Gemini's own stand where they belong."""
    return isinstance(part, Reasoning) and bool(part.signature) and not part.text and unstamped(part.signature) is None


def _is_unsigned(part: Part) -> TypeGuard[Reasoning]:
    return isinstance(part, Reasoning) and not part.signature and not part.redacted
