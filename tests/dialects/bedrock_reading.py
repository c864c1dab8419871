"""Recorded Converse requests → canonical conversations: the way that clients of other languages come, for the tests alone.

What no client of another language could have said is left out, with its reason.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from headworks.domain.message import (
    Conversation,
    Document,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
)
from tests.dialects.recordings import LeftOut

Json = dict[str, Any]

_MODES = {"auto": ToolChoiceMode.AUTO, "any": ToolChoiceMode.REQUIRED, "tool": ToolChoiceMode.NAMED}
_MEDIA = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_MEDIA["xlsx"] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read_request(body: Json) -> Conversation:
    """The conversation that a body says."""
    config, fields = body.get("inferenceConfig") or {}, body.get("additionalModelRequestFields") or {}
    tools = body.get("toolConfig") or {}
    reasoning, top_k = _drawing(fields)
    return Conversation(
        dialect="openai_chat",
        model="m",
        messages=(*_system(body), *(_message(message) for message in body["messages"])),
        tools=tuple(_tools(tools)),
        tool_choice=_choice(tools.get("toolChoice")),
        output=_output(body),
        reasoning=reasoning,
        sampling=Sampling(temperature=config.get("temperature"), top_p=config.get("topP"), top_k=top_k),
        max_tokens=config.get("maxTokens"),
        stop=tuple(config.get("stopSequences") or ()),
        extra=_extra(body),
    )


def _system(body: Json) -> list[Message]:
    blocks = body.get("system") or []
    return [Message(role=Role.SYSTEM, parts=tuple(_parts(blocks)), apart=True)] if blocks else []


def _message(message: Json) -> Message:
    return Message(role=Role(message["role"]), parts=tuple(_parts(message["content"])))


def _parts(blocks: list[Json]) -> Iterator[Part]:
    """Cache points are marks of the parts before them."""
    for block, after in zip(blocks, [*blocks[1:], {}], strict=False):
        if "cachePoint" in block:
            continue
        extra = {"cache_control": {"type": "ephemeral", **_ttl(after["cachePoint"])}} if "cachePoint" in after else {}
        yield _part(block, extra)


def _ttl(point: Json) -> Json:
    return {"ttl": point["ttl"]} if "ttl" in point else {}


def _part(block: Json, extra: Json) -> Part:
    match block:
        case {"text": str(text)}:
            return Text(text=text, extra=extra)
        case {"image": {"format": form, "source": {"bytes": data}}}:
            return Image(media_type=f"image/{form}", data=data, extra=extra)
        case {"document": document}:
            return _document(document, extra)
        case {"video": {"format": form, "source": {"bytes": data}}}:
            url = f"data:video/{form};base64,{data}"
            return Opaque(raw={"type": "video_url", "video_url": {"url": url}}, extra=extra)
        case {"video": {"source": {"s3Location": {"uri": url}}}}:
            return Opaque(raw={"type": "video_url", "video_url": {"url": url}}, extra=extra)
        case _:
            return _turned(block, extra)


def _turned(block: Json, extra: Json) -> Part:
    """Calls, their results, and thoughts."""
    match block:
        case {"toolUse": {"toolUseId": call, "name": name, "input": given, **more}}:
            if more.get("type") == "server_tool_use":
                raise LeftOut("a tool that runs at the provider's: no other language has it")
            return ToolCall(id=call, name=name, parsed=given, extra=extra)
        case {"toolResult": {"toolUseId": call, "content": content} as result}:
            failed = result.get("status") == "error"
            parsed = content[0]["json"] if len(content) == 1 and "json" in content[0] else None
            told = tuple(_result(one) for one in content)
            return ToolResult(call_id=call, content=told, is_error=failed, parsed=parsed, extra=extra)
        case {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}:
            return Reasoning(text=text, signature=signature, extra=extra)
        case {"reasoningContent": {"redactedContent": data}}:
            return Reasoning(redacted=base64.b64decode(data).decode(), extra=extra)
        case _:
            raise LeftOut(f"a part that no other language has: {next(iter(block))}")


def _result(block: Json) -> Part:
    return Text(text=json.dumps(block["json"])) if "json" in block else _part(block, {})


def _document(document: Json, extra: Json) -> Document:
    if "citations" in document:
        extra = {**extra, "citations": document["citations"]}
    said: Json = {"name": document["name"], "context": document.get("context", ""), "extra": extra}
    match document["source"]:
        case {"bytes": data}:
            return Document(media_type=_MEDIA[document["format"]], data=data, **said)
        case {"text": text}:
            return Document(text=text, **said)
        case {"s3Location": {"uri": url}}:
            return Document(url=url, **said)
        case _:
            raise LeftOut("a document in pieces: no other language has it")


def _tools(config: Json) -> Iterator[Tool]:
    tools = config.get("tools") or []
    for tool, after in zip(tools, [*tools[1:], {}], strict=False):
        if "systemTool" in tool:
            raise LeftOut("a tool that runs at the provider's: no other language has it")
        if "cachePoint" in tool:
            continue
        spec = tool["toolSpec"]
        yield Tool(
            name=spec["name"],
            description=spec.get("description"),
            parameters=spec["inputSchema"]["json"],
            strict=spec.get("strict"),
            extra={"cache_control": {"type": "ephemeral", **_ttl(after["cachePoint"])}} if "cachePoint" in after else {},
        )


def _choice(choice: Json | None) -> ToolChoice | None:
    if not choice:
        return None
    word, said = next(iter(choice.items()))
    return ToolChoice(mode=_MODES[word], name=said.get("name", ""))


def _output(body: Json) -> OutputFormat | None:
    form = (body.get("outputConfig") or {}).get("textFormat")
    if not form:
        return None
    wanted = form["structure"]["jsonSchema"]
    return OutputFormat(
        kind="json_schema",
        name=wanted.get("name", ""),
        schema=json.loads(wanted["schema"]),
        description=wanted.get("description"),
    )


def _drawing(fields: Json) -> tuple[ReasoningAsk | None, int | None]:
    """What a model's family was told beside Converse's own fields."""
    match fields:
        case {"inferenceConfig": {"topK": int(top_k)}}:
            return None, top_k
        case {"thinking": {"budget_tokens": int(budget)}} | {"reasoning_config": {"budget_tokens": int(budget)}}:
            return ReasoningAsk(budget=budget), None
        case {"thinking": {"type": "adaptive", **more}}:
            if more:
                raise LeftOut("a display of thoughts: no other language has it")
            return ReasoningAsk(effort=fields.get("output_config", {}).get("effort", "")), None
        case (
            {"reasoning_config": str(word)}
            | {"reasoning_effort": str(word)}
            | {"reasoningConfig": {"maxReasoningEffort": str(word)}}
        ):
            return ReasoningAsk(effort=word), None
        case _:
            return None, None


def _extra(body: Json) -> Json:
    own = {name: body[name] for name in ("guardrailConfig", "performanceConfig", "requestMetadata") if name in body}
    return own | ({"service_tier": body["serviceTier"]["type"]} if "serviceTier" in body else {})
