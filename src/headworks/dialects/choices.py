"""A choice of tools that only the caller's language has a word for, said in one that every language has."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.message import Conversation, Downgrade, ToolChoiceMode

_SHOWN = 5


def narrowed(talk: Conversation, losses: list[Downgrade]) -> Conversation:
    """`talk` without such a choice: one among some of the tools is made by offering no others."""
    choice = talk.tool_choice
    if choice is None:
        return talk
    if choice.allowed:
        losses.append(Downgrade("tool_choice", f"said by offering no other tools than {listed(choice.allowed)}"))
        kept = tuple(tool for tool in talk.tools if tool.name in choice.allowed)
        plain = msgspec.structs.replace(choice, allowed=(), raw=None)
        return msgspec.structs.replace(talk, tools=kept, tool_choice=plain)
    if choice.raw is not None and choice.mode is ToolChoiceMode.AUTO:
        losses.append(Downgrade("tool_choice", "said as 'auto': only the caller's language has such a choice"))
    return talk


def listed(names: Sequence[str]) -> str:
    """Names, shortened: they go into a header."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
