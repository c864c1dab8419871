"""Tools of Responses ↔ canonical ones.

A custom tool takes plain text, perhaps by a grammar. For other languages it is a function whose one argument is that text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.dialects.openai_responses.names import UNREADABLE
from headworks.dialects.unpacking import Unpacked, losses
from headworks.domain.errors import Fault
from headworks.domain.message import FORM, Downgrade, JsonObject, Tool, ToolChoice, ToolChoiceMode

_PLAIN: JsonObject = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The tool's input, as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}
_MODES = {mode.value: mode for mode in (ToolChoiceMode.AUTO, ToolChoiceMode.NONE, ToolChoiceMode.REQUIRED)}


class _Named(msgspec.Struct):
    type: str = ""
    name: str = ""


_TOOLS = msgspec.json.Decoder(list[_Named] | None)


def custom_names(tools: Any) -> frozenset[str]:
    """The names of the custom tools in an undecoded list."""
    raw = bytes(tools or b"")
    if b'"custom"' not in raw:
        return frozenset()
    try:
        return frozenset(tool.name for tool in _TOOLS.decode(raw) or () if tool.type == "custom")
    except UNREADABLE:
        return frozenset()


def read_tool(value: Any, path: str) -> Tool:
    """A tool; one that nobody else knows is kept as it is."""
    fields = Unpacked(value, path)
    kind = fields.rest.get("type")
    if kind == "custom":
        grammar = {"format": value["format"]} if (value.get("format") or {}).get("type") == "grammar" else {}
        name, description = fields.word("name"), fields.text("description")
        return Tool(name=name, description=description, parameters=_PLAIN, extra={FORM: value, **grammar})
    if kind != "function":
        return Tool(raw=fields.rest)
    del fields.rest["type"]
    return Tool(
        name=fields.word("name"),
        description=fields.text("description"),
        parameters=fields.object("parameters"),
        strict=fields.flag("strict"),
        extra=fields.rest,
    )


def write_tool(tool: Tool, path: str, lost: list[Downgrade], *, own: bool) -> JsonObject | None:
    """The tool; None, and the loss told, where only another provider runs it."""
    if own and tool.raw is not None:
        return tool.raw
    if own and FORM in tool.extra:
        return tool.extra[FORM]
    if tool.raw is not None:
        lost.append(Downgrade(path, "left out: a tool that only another provider runs"))
        return None
    wire: JsonObject = {"type": "function", "name": tool.name}
    optional = {"description": tool.description, "parameters": tool.parameters, "strict": tool.strict}
    wire.update({name: value for name, value in optional.items() if value is not None})
    if own:
        return {**wire, **tool.extra}
    lost.extend(Downgrade(place, "left out: Responses has no such field") for place in losses(tool.extra, path))
    return {"parameters": {"type": "object", "properties": {}}, **wire, "strict": bool(tool.strict)}


def read_choice(fields: Unpacked) -> ToolChoice | None:
    """`tool_choice` and `parallel_tool_calls`."""
    parallel = fields.flag("parallel_tool_calls")
    value = fields.rest.pop("tool_choice", None)
    match value:
        case None:
            return None if parallel is None else ToolChoice(mode=ToolChoiceMode.AUTO, parallel=parallel, implied=True)
        case str() if value in _MODES:
            return ToolChoice(mode=_MODES[value], parallel=parallel)
        case {"type": "function" | "custom" as kind, "name": str() as name}:
            return ToolChoice(mode=ToolChoiceMode.NAMED, name=name, parallel=parallel, raw=value if kind == "custom" else None)
        case {"type": "allowed_tools", "mode": "auto" | "required" as word, "tools": [*tools]} if names := _names(tools):
            return ToolChoice(mode=_MODES[word], allowed=names, parallel=parallel, raw=value)
        case str() | dict():
            return ToolChoice(mode=ToolChoiceMode.AUTO, parallel=parallel, raw=value)
        case _:
            raise Fault("invalid_request", "tool_choice must be a string or an object.", param="tool_choice")


def _names(tools: list[Any]) -> tuple[str, ...]:
    """Of those that other languages can have as well."""
    return tuple(str(tool["name"]) for tool in tools if isinstance(tool, dict) and tool.get("type") in ("function", "custom"))


def write_choice(choice: ToolChoice, *, own: bool) -> Mapping[str, Any]:
    """The same two fields."""
    wire: JsonObject = {} if choice.parallel is None else {"parallel_tool_calls": choice.parallel}
    if choice.raw is not None and own:
        wire["tool_choice"] = choice.raw
    elif choice.mode is ToolChoiceMode.NAMED:
        wire["tool_choice"] = {"type": "function", "name": choice.name}
    elif not choice.implied:
        wire["tool_choice"] = choice.mode.value
    return wire
