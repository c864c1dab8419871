"""A generateContent request → the canonical conversation. What is not understood stays beside it, so that nothing is lost."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.bounds import refuse_too_many
from headworks.dialects.fields import all_decoded
from headworks.dialects.gemini.config_in import read_config
from headworks.dialects.gemini.parts_in import PartReader
from headworks.dialects.gemini.respell import respelt
from headworks.dialects.gemini.schema import in_capitals, recased
from headworks.dialects.gemini.thoughts import joined
from headworks.dialects.gemini.wire import NAME
from headworks.dialects.unpacking import Unpacked
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.message import Conversation, JsonObject, Message, Role, Tool, ToolChoice, ToolChoiceMode

JSON_SCHEMA = "parametersJsonSchema"
CAPITALS, JOINED = "types in capitals", "joined to the tool before it"
"""Marks in a tool's `extra`: they say nothing but how it stood on the wire."""
_MODES = {"AUTO": ToolChoiceMode.AUTO, "NONE": ToolChoiceMode.NONE}
_ROLES = {"user": Role.USER, "model": Role.ASSISTANT, "function": Role.TOOL, "system": Role.SYSTEM}


def read_request(ask: Ask) -> Conversation:
    """See `Dialect.read_request`."""
    fields = Unpacked(respelt(all_decoded(ask.fields)), "")
    fields.rest.pop("model", None)
    system = _system(fields)
    contents = fields.items("contents")
    if contents is None:
        raise Fault("invalid_request", "'contents' must be a list of contents with parts.", param="contents")
    refuse_too_many([{"content": item.get("parts")} for item in contents if isinstance(item, dict)], None)
    reader = PartReader()
    messages = joined([_message(content, f"contents[{place}]", reader) for place, content in enumerate(contents)])
    tools = fields.items("tools") or []
    return read_config(
        fields,
        Conversation(
            dialect=NAME,
            model=ask.model,
            messages=(*system, *messages),
            tools=tuple(tool for place, item in enumerate(tools) for tool in _tools(item, f"tools[{place}]")),
            tool_choice=_tool_choice(fields),
            stream=ask.stream,
        ),
    )


def _system(fields: Unpacked) -> tuple[Message, ...]:
    """The prompt that stands apart: content, or a bare string."""
    said = fields.rest.get("systemInstruction")
    if not said:
        return ()
    del fields.rest["systemInstruction"]
    if isinstance(said, str):
        said = {"parts": [{"text": said}]}
    content = Unpacked(said, "systemInstruction")
    single = isinstance(content.rest.get("parts"), dict)
    parts = _parts(content, PartReader())
    return (Message(role=Role.SYSTEM, parts=tuple(parts), plain=single, apart=True, extra=content.rest),)


def _message(value: Any, path: str, reader: PartReader) -> Message:
    content = Unpacked(value, path)
    said = content.rest.get("role")
    role = _ROLES.get(said or "user")
    if role is None:
        raise Fault("invalid_request", f"{path}.role must be 'user' or 'model'.", param=f"{path}.role")
    if role is not Role.TOOL and said:
        del content.rest["role"]
    elif not said:
        content.rest["role"] = None
    return Message(role=role, parts=tuple(_parts(content, reader)), extra=content.rest)


def _parts(content: Unpacked, reader: PartReader) -> list[Any]:
    listed = content.rest.pop("parts", None)
    if listed is None:
        listed = []
    items: list[Any] = listed if isinstance(listed, list) else [listed]
    return [
        part
        for place, item in enumerate(items)
        for part in reader.read({"text": item} if isinstance(item, str) else item, content.path(f"parts[{place}]"))
    ]


def _tools(value: Any, path: str) -> list[Tool]:
    """The functions of one tool object, the first of which is not joined to those before, and what the provider runs itself."""
    tool = Unpacked(value, path)
    declared = tool.items("functionDeclarations")
    listed = [_function(item, f"{path}.functionDeclarations[{place}]") for place, item in enumerate(declared or ())]
    if tool.rest:
        listed.append(Tool(raw=tool.rest))
    return [listed[0], *(_joined(item) for item in listed[1:])] if listed else []


def _joined(tool: Tool) -> Tool:
    return Tool(
        name=tool.name,
        description=tool.description,
        parameters=tool.parameters,
        raw=tool.raw,
        extra={**tool.extra, JOINED: None},
    )


def _function(value: Any, path: str) -> Tool:
    function = Unpacked(value, path)
    name, description = function.word("name"), function.text("description")
    parameters = function.object(JSON_SCHEMA)
    extra: JsonObject = {}
    if parameters is not None:
        extra = {JSON_SCHEMA: None}
    else:
        parameters = function.object("parameters")
        if parameters is not None and in_capitals(parameters):
            parameters, extra = recased(parameters, upper=False), {CAPITALS: None}
    return Tool(name=name, description=description, parameters=parameters, extra={**extra, **function.rest})


def _tool_choice(fields: Unpacked) -> ToolChoice | None:
    """How functions are called. What else is configured stays in `rest`; `raw` is what Gemini alone knows: other modes, other fields."""
    config = fields.rest.get("toolConfig")
    if not isinstance(config, dict) or not isinstance(config.get("functionCallingConfig"), dict):
        return None
    said: JsonObject = config["functionCallingConfig"]
    left = {name: value for name, value in config.items() if name != "functionCallingConfig"}
    del fields.rest["toolConfig"]
    if left:
        fields.rest["toolConfig"] = left
    known = said.keys() <= {"mode", "allowedFunctionNames"} and said.get("allowedFunctionNames") != []
    match said.get("mode"), said.get("allowedFunctionNames") or []:
        case "ANY", [str(name)]:
            choice = ToolChoice(mode=ToolChoiceMode.NAMED, name=name)
        case "ANY", [*names]:
            choice = ToolChoice(mode=ToolChoiceMode.REQUIRED, allowed=tuple(map(str, names)))
        case ("NONE" | "AUTO") as word, []:
            choice = ToolChoice(mode=_MODES[word])
        case _, [*names]:
            known, choice = False, ToolChoice(mode=ToolChoiceMode.AUTO, allowed=tuple(map(str, names)))
        case _:
            known, choice = False, ToolChoice(mode=ToolChoiceMode.AUTO)
    return choice if known else msgspec.structs.replace(choice, raw=said)
