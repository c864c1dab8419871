"""The canonical conversation → a generateContent request. What another language asked for and Gemini can't say is reported."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.anthropic.structured import by_words
from headworks.dialects.choices import listed, narrowed
from headworks.dialects.gemini.config_in import CONFIG, PLAIN_TEXT
from headworks.dialects.gemini.config_out import write_config
from headworks.dialects.gemini.losses import unknown_fields
from headworks.dialects.gemini.models import abilities
from headworks.dialects.gemini.parts_out import PartWriter
from headworks.dialects.gemini.request_in import CAPITALS, JOINED, JSON_SCHEMA
from headworks.dialects.gemini.schema import Subset, recased
from headworks.dialects.gemini.wire import NAME
from headworks.dialects.turns import ECHOES
from headworks.dialects.unpacking import asks
from headworks.domain.errors import Fault
from headworks.domain.message import FORM, Conversation, Downgrade, JsonObject, Message, Role, Tool, ToolChoice, ToolChoiceMode
from headworks.domain.target import Target

UNKNOWN = "left out: Gemini has no such field"
_PROMPTS = (Role.SYSTEM, Role.DEVELOPER)
_MODES = {
    ToolChoiceMode.AUTO: "AUTO",
    ToolChoiceMode.NONE: "NONE",
    ToolChoiceMode.REQUIRED: "ANY",
    ToolChoiceMode.NAMED: "ANY",
}
_USUAL: JsonObject = {"modalities": ["text"], "verbosity": "medium", "service_tier": "auto"}
"""Fields' values that ask for what Gemini does anyway."""
_UNDERSTOOD = frozenset((FORM, "role", *ECHOES))
_OF_TOOLS = frozenset((FORM, "type"))


def write_request(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it. Raises `Fault` `inexpressible` where nothing of it is left."""
    losses: list[Downgrade] = []
    able = abilities(target.model)
    own = talk.dialect == NAME
    if not own and not _can_choose(talk.tool_choice):
        talk = narrowed(talk, losses)
    if not own and talk.tools and not able.json_beside_tools:
        talk = _with_words(talk, losses)
    writer = PartWriter(talk.messages, losses, own=own, signs=able.signs_calls)
    body: JsonObject = _own_contents(talk, writer) if own else _contents(talk, writer, losses)
    tools = _own_tools(talk.tools) if own else _tools(talk.tools, losses, json_schema=able.json_schema)
    if tools:
        body["tools"] = tools
    if talk.tool_choice is not None and (own or tools):
        body["toolConfig"] = {"functionCallingConfig": _function_calling(talk.tool_choice, losses, own=own)}
    config = write_config(talk, able, losses)
    if config:
        body[CONFIG] = config
    if own:
        body |= _own_fields(talk.extra, body)
    else:
        _report(talk, losses)
    return msgspec.json.encode(body), tuple(losses)


def _own_contents(talk: Conversation, writer: PartWriter) -> JsonObject:
    body: JsonObject = {}
    contents: list[JsonObject] = []
    for place, message in enumerate(talk.messages):
        parts = writer.write(message.parts, f"contents[{place}]")
        if message.apart:
            body["systemInstruction"] = {"parts": parts[0] if message.plain and parts else parts, **message.extra}
            continue
        role = {"role": "model" if message.role is Role.ASSISTANT else "user"} | message.extra
        contents.append(
            {"parts": parts, **{name: value for name, value in role.items() if name != "role" or value is not None}}
        )
    return {**body, "contents": contents}


def _contents(talk: Conversation, writer: PartWriter, losses: list[Downgrade]) -> JsonObject:
    prompts: list[JsonObject] = []
    contents: list[JsonObject] = []
    for place, message in enumerate(talk.messages):
        path = f"messages[{place}]"
        _report_message(message, path, losses)
        parts = writer.write(message.parts, path)
        if message.role in _PROMPTS:
            if contents and parts:
                losses.append(Downgrade(path, "moved to the front: Gemini has one system prompt, before all turns"))
            prompts += parts
            continue
        role = "model" if message.role is Role.ASSISTANT else "user"
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
    if not contents and prompts:
        losses.append(Downgrade("messages", "the system prompt is said by the user: Gemini wants at least one turn"))
        return {"contents": [{"role": "user", "parts": prompts}]}
    if not contents:
        raise Fault(
            "inexpressible", "Nothing of this conversation can be said to Gemini. Send a message with text.", param="messages"
        )
    return {**({"systemInstruction": {"parts": prompts}} if prompts else {}), "contents": contents}


def _report_message(message: Message, path: str, losses: list[Downgrade]) -> None:
    if message.name and message.role is not Role.TOOL:
        losses.append(Downgrade(f"{path}.name", "left out: Gemini's turns have no names"))
    losses += unknown_fields(message.extra, path, _UNDERSTOOD)


def _own_tools(tools: Sequence[Tool]) -> list[JsonObject]:
    listed: list[JsonObject] = []
    for tool in tools:
        if JOINED not in tool.extra:
            listed.append({})
        if tool.raw is not None:
            listed[-1].update(tool.raw)
        else:
            listed[-1].setdefault("functionDeclarations", []).append(_own_function(tool))
    return listed


def _own_function(tool: Tool) -> JsonObject:
    extra = {name: value for name, value in tool.extra.items() if name not in (JSON_SCHEMA, CAPITALS, JOINED)}
    wire = _named(tool)
    if tool.parameters is not None:
        field = JSON_SCHEMA if JSON_SCHEMA in tool.extra else "parameters"
        wire[field] = recased(tool.parameters, upper=True) if CAPITALS in tool.extra else tool.parameters
    return {**wire, **extra}


def _tools(tools: Sequence[Tool], losses: list[Downgrade], *, json_schema: bool) -> list[JsonObject]:
    functions: list[JsonObject] = []
    for place, tool in enumerate(tools):
        path = f"tools[{place}]"
        if tool.raw is not None:
            losses.append(Downgrade(path, "left out: a tool that only another provider runs"))
            continue
        losses += unknown_fields(tool.extra, path, _OF_TOOLS)
        wire = _named(tool)
        if tool.parameters and json_schema:
            wire[JSON_SCHEMA] = tool.parameters
        elif tool.parameters and tool.parameters.get("properties"):
            wire["parameters"] = Subset(tool.parameters, path, losses).write()
        functions.append(wire)
    strict = [tool.name for tool in tools if tool.strict]
    if strict:
        losses.append(
            Downgrade("tools.strict", f"left out: Gemini does not promise to keep to the schemas of {listed(strict)}")
        )
    return [{"functionDeclarations": functions}] if functions else []


def _named(tool: Tool) -> JsonObject:
    wire: JsonObject = {"name": tool.name} if tool.name else {}
    return wire if tool.description is None else {**wire, "description": tool.description}


def _with_words(talk: Conversation, losses: list[Downgrade]) -> Conversation:
    """The form of the answer asked for in words, of a model that takes none beside tools."""
    if talk.output is None or talk.output.kind not in ("json_object", "json_schema"):
        return talk
    return msgspec.structs.replace(by_words(talk, talk.output.schema, losses), output=None)


def _can_choose(choice: ToolChoice | None) -> bool:
    """Some of the tools can be chosen where one of them must be called."""
    return choice is not None and choice.mode is ToolChoiceMode.REQUIRED


def _function_calling(choice: ToolChoice, losses: list[Downgrade], *, own: bool) -> JsonObject:
    if own and choice.raw is not None:
        return choice.raw
    if choice.parallel is False:
        losses.append(Downgrade("parallel_tool_calls", "left out: Gemini may always call several tools at once"))
    names = [choice.name] if choice.mode is ToolChoiceMode.NAMED else [*choice.allowed]
    return {"mode": _MODES[choice.mode], **({"allowedFunctionNames": names} if names else {})}


def _own_fields(extra: JsonObject, body: JsonObject) -> JsonObject:
    fields = {name: value for name, value in extra.items() if not name.startswith((f"{CONFIG}.", PLAIN_TEXT))}
    config = fields.get("toolConfig")
    return (
        {**fields, "toolConfig": config | body["toolConfig"]} if isinstance(config, dict) and "toolConfig" in body else fields
    )


def _report(talk: Conversation, losses: list[Downgrade]) -> None:
    """What of another language's fields is lost. Null, false and empty ones ask for nothing."""
    said = {**talk.extra, **({"metadata": talk.metadata} if talk.metadata else {}), "user": talk.user}
    unknown = [name for name, value in said.items() if asks(name, value) and name != FORM and value != _USUAL.get(name)]
    losses += [Downgrade(name, UNKNOWN) for name in unknown]
