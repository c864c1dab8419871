"""The caller's tools → `toolConfig`."""

from __future__ import annotations

from collections.abc import Iterable

from headworks.dialects.bedrock.families import Family
from headworks.dialects.bedrock.parts import PartWriter
from headworks.dialects.choices import narrowed
from headworks.dialects.unpacking import says_something
from headworks.domain.message import Conversation, Downgrade, JsonObject, Tool, ToolCall, ToolChoice, ToolChoiceMode

_WORDS = {ToolChoiceMode.AUTO: "auto", ToolChoiceMode.REQUIRED: "any", ToolChoiceMode.NAMED: "tool"}
_NOTHING: JsonObject = {"type": "object", "properties": {}}


def write_tools(talk: Conversation, family: Family, losses: list[Downgrade]) -> JsonObject:
    """The field, or nothing. Tools that must not be called are left out, but for those that earlier turns have called."""
    talk = narrowed(talk, losses)
    tools, choice = talk.tools, talk.tool_choice
    called = _called(talk)
    if choice is not None and choice.mode is ToolChoiceMode.NONE:
        if tools and called:
            losses.append(
                Downgrade("tool_choice", "left out: Bedrock cannot forbid tools where earlier turns have called some")
            )
        else:
            tools = ()
        choice = None
    specs = [block for place, tool in enumerate(tools) for block in _tool(tool, f"tools[{place}]", family, losses)]
    if called and not specs:
        losses.append(Downgrade("tools", "earlier calls' tools are named again, without a schema: Bedrock wants them"))
        specs = [{"toolSpec": {"name": name, "inputSchema": {"json": _NOTHING}}} for name in called]
    if not specs:
        if choice is not None and choice.mode in (ToolChoiceMode.REQUIRED, ToolChoiceMode.NAMED):
            losses.append(Downgrade("tool_choice", "left out: there is no tool to choose"))
        return {}
    return {"toolConfig": {"tools": specs, **_choice(choice, family, losses)}}


def _tool(tool: Tool, path: str, family: Family, losses: list[Downgrade]) -> list[JsonObject]:
    if tool.raw is not None:
        losses.append(Downgrade(path, "left out: a tool that only another provider runs"))
        return []
    parameters = tool.parameters or _NOTHING
    spec: JsonObject = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": parameters if "type" in parameters else {"type": "object", **parameters}}
    if tool.strict:
        spec["strict"] = True
    extra = {name for name, value in tool.extra.items() if says_something(value)} - {"type", "cache_control"}
    losses.extend(Downgrade(f"{path}.{name}", "left out: not known to Bedrock") for name in sorted(extra))
    return [{"toolSpec": spec}, *PartWriter(losses, caches=family.caches_tools).cache_point(tool.extra, path)]


def _choice(choice: ToolChoice | None, family: Family, losses: list[Downgrade]) -> JsonObject:
    if choice is None:
        return {}
    if choice.parallel is False:
        losses.append(Downgrade("parallel_tool_calls", "left out: Bedrock lets models call several tools at once"))
    word = _WORDS[choice.mode]
    if word not in family.choices:
        said = "any" if "any" in family.choices else "auto"
        losses.append(Downgrade("tool_choice", f"said as '{said}': this model knows no '{word}' on Bedrock"))
        word = said
    if choice.implied:
        return {}
    return {"toolChoice": {word: {"name": choice.name} if word == "tool" else {}}}


def _called(talk: Conversation) -> Iterable[str]:
    """Names of the tools that earlier turns have called."""
    return dict.fromkeys(part.name for message in talk.messages for part in message.parts if isinstance(part, ToolCall))
