"""The turns of another dialect → Anthropic's: one system prompt apart, then user and assistant by turns, tool results first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from headworks.dialects.anthropic.parts import PartAdapter
from headworks.dialects.turns import ECHOES, with_unique_calls
from headworks.dialects.unpacking import says_something
from headworks.domain.errors import Fault
from headworks.domain.message import FORM, Downgrade, JsonObject, Message, Part, Reasoning, Role, Text, ToolResult

_PROMPTS = (Role.SYSTEM, Role.DEVELOPER)

UNDERSTOOD = frozenset((*ECHOES, "cache_control", "role", FORM))
"""Fields of a message that are not lost, though nothing is written in their place."""

_Turn = tuple[Role, tuple[Part, ...]]


def adapt_messages(messages: Sequence[Message], losses: list[Downgrade]) -> tuple[Message, ...]:
    """The system prompt, where there is one, and the turns. Raises `Fault` `inexpressible` where nothing is left."""
    prompts: list[Part] = []
    turns: list[_Turn] = []
    for place, message in enumerate(with_unique_calls(messages)):
        path = f"messages[{place}]"
        parts = _adapt_message(message, path, losses)
        if message.role not in _PROMPTS:
            turns.append((Role.ASSISTANT if message.role is Role.ASSISTANT else Role.USER, parts))
            continue
        if turns and parts:
            losses.append(Downgrade(path, "moved to the front: Anthropic has one system prompt, before all turns"))
        prompts.extend(parts)
    merged = _merge(turns)
    if not merged and prompts:
        losses.append(Downgrade("messages", "the system prompt is said by the user: Anthropic wants at least one turn"))
        return (Message(role=Role.USER, parts=tuple(prompts)),)
    if not merged:
        raise Fault(
            "inexpressible",
            "Nothing of this conversation can be said to Anthropic's API. Send a message with text.",
            param="messages",
        )
    return (*_system(prompts), *merged)


def _adapt_message(message: Message, path: str, losses: list[Downgrade]) -> tuple[Part, ...]:
    if message.name and message.role is not Role.TOOL:
        losses.append(Downgrade(f"{path}.name", "left out: Anthropic's turns have no names"))
    adapter = PartAdapter(path, losses)
    parts = adapter.adapt(with_echo(message))
    extra = message.extra
    if not extra:
        return parts
    unknown = {name for name, value in extra.items() if says_something(value)} - UNDERSTOOD
    losses.extend(Downgrade(f"{path}.{name}", "left out: not known to Anthropic") for name in sorted(unknown))
    return _cached(parts, extra["cache_control"], path, losses) if extra.get("cache_control") else parts


def with_echo(message: Message) -> Iterable[Part]:
    """The parts, with the text of a signed thought filled in where the client kept it only beside its details."""
    if not message.extra:
        return message.parts
    echo = next((message.extra[name] for name in ECHOES if message.extra.get(name)), "")
    signed = [part for part in message.parts if isinstance(part, Reasoning) and part.signature]
    if not echo or len(signed) != 1 or signed[0].text:
        return message.parts
    whole = Reasoning(text=str(echo), signature=signed[0].signature, extra=signed[0].extra)
    return [whole if part is signed[0] else part for part in message.parts]


def _cached(parts: tuple[Part, ...], mark: JsonObject, path: str, losses: list[Downgrade]) -> tuple[Part, ...]:
    """A cache mark of the whole message becomes one of its last part that may bear one: thoughts may not."""
    place = next((place for place in reversed(range(len(parts))) if not isinstance(parts[place], Reasoning)), None)
    if place is None:
        losses.append(Downgrade(f"{path}.cache_control", "left out: nothing in this message can be marked"))
        return parts
    marked = msgspec.structs.replace(parts[place], extra={**parts[place].extra, "cache_control": mark})
    return (*parts[:place], marked, *parts[place + 1 :])


def _merge(turns: Iterable[_Turn]) -> list[Message]:
    merged: list[Message] = []
    for role, group in groupby((turn for turn in turns if turn[1]), key=lambda turn: turn[0]):
        parts = [part for _, parts in group for part in parts]
        if role is Role.USER:
            parts.sort(key=lambda part: not isinstance(part, ToolResult))
        merged.append(_message(role, parts))
    return merged


def _system(prompts: list[Part]) -> list[Message]:
    return [_message(Role.SYSTEM, prompts, apart=True)] if prompts else []


def _message(role: Role, parts: list[Part], *, apart: bool = False) -> Message:
    plain = len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].extra
    return Message(role=role, parts=tuple(parts), plain=plain, apart=apart)
