"""The turns of a conversation → Converse's: the system prompt apart, then user and assistant by turns, tool results first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from headworks.dialects.anthropic.turns import UNDERSTOOD, with_echo
from headworks.dialects.bedrock.families import Family
from headworks.dialects.bedrock.parts import SILENCE, PartWriter
from headworks.dialects.turns import with_unique_calls
from headworks.dialects.unpacking import says_something
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade, JsonObject, Message, Role

_PROMPTS = (Role.SYSTEM, Role.DEVELOPER)
_IN_PROMPT = ("text", "cachePoint")
"""Blocks that a system prompt may hold."""

_Turn = tuple[str, list[JsonObject]]


def write_turns(messages: Sequence[Message], family: Family, losses: list[Downgrade]) -> JsonObject:
    """`system` and `messages`. Raises `Fault` `inexpressible` where nothing is left."""
    writer = PartWriter(losses, caches=family.caches)
    prompts: list[JsonObject] = []
    turns: list[_Turn] = []
    for place, message in enumerate(with_unique_calls(messages)):
        path = "system" if message.apart else f"messages[{place}]"
        blocks = _blocks(message, path, writer, losses)
        if message.role not in _PROMPTS:
            turns.append(("assistant" if message.role is Role.ASSISTANT else "user", blocks))
            continue
        if turns and blocks:
            losses.append(Downgrade(path, "moved to the front: Bedrock has one system prompt, before all turns"))
        prompts.extend(_of_prompt(blocks, path, losses))
    merged = _merge(turns)
    if prompts and not (family.system and merged):
        merged = _said_by_user(prompts, merged, losses)
        prompts = []
    if not merged:
        raise Fault(
            "inexpressible", "Nothing of this conversation can be said to Bedrock. Send a message with text.", param="messages"
        )
    return {"messages": merged, **({"system": prompts} if prompts else {})}


def _blocks(message: Message, path: str, writer: PartWriter, losses: list[Downgrade]) -> list[JsonObject]:
    if message.name and message.role is not Role.TOOL:
        losses.append(Downgrade(f"{path}.name", "left out: Bedrock's turns have no names"))
    blocks = writer.write(with_echo(message), path)
    unknown = {name for name, value in message.extra.items() if says_something(value)} - UNDERSTOOD
    losses.extend(Downgrade(f"{path}.{name}", "left out: not known to Bedrock") for name in sorted(unknown))
    return [*blocks, *writer.cache_point(message.extra, path)] if blocks else blocks


def _of_prompt(blocks: list[JsonObject], path: str, losses: list[Downgrade]) -> list[JsonObject]:
    kept = [block for block in blocks if next(iter(block)) in _IN_PROMPT]
    if len(kept) < len(blocks):
        losses.append(Downgrade(path, "all but the text is left out: Bedrock's system prompts are text"))
    return kept


def _merge(turns: Iterable[_Turn]) -> list[JsonObject]:
    merged: list[JsonObject] = []
    for role, group in groupby((turn for turn in turns if turn[1]), key=lambda turn: turn[0]):
        content = [block for _, blocks in group for block in blocks]
        if any("document" in block for block in content) and not any("text" in block for block in content):
            content.append(SILENCE)
        merged.append({"role": role, "content": _results_first(content)})
    return merged


def _results_first(blocks: list[JsonObject]) -> list[JsonObject]:
    """Tools' results before all else; a cache point stays behind what it marks."""
    results: list[JsonObject] = []
    others: list[JsonObject] = []
    into = others
    for block in blocks:
        if "cachePoint" not in block:
            into = results if "toolResult" in block else others
        into.append(block)
    return [*results, *others]


def _said_by_user(prompts: list[JsonObject], turns: list[JsonObject], losses: list[Downgrade]) -> list[JsonObject]:
    why = "this model has no system prompt on Bedrock" if turns else "Bedrock wants at least one turn"
    losses.append(Downgrade("messages", f"the system prompt is said by the user: {why}"))
    said = [block for block in prompts if "text" in block]
    if turns and turns[0]["role"] == "user":
        return [{"role": "user", "content": [*said, *turns[0]["content"]]}, *turns[1:]]
    return [{"role": "user", "content": said}, *turns]
