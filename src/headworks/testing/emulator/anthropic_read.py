"""Anthropic-shaped requests → the emulator's own question."""

from __future__ import annotations

from collections.abc import Iterable

from headworks.testing.emulator import anthropic_rules as rules
from headworks.testing.emulator.allowance import PromptCache
from headworks.testing.emulator.personality import Personality
from headworks.testing.emulator.question import Attachments, Block, JsonObject, Offer, Question, ToolMode
from headworks.testing.emulator.seal import Seal
from headworks.testing.emulator.tokens import PER_DOCUMENT, PER_IMAGE, PER_MESSAGE, PER_TOOL, tokens_of

_ATTACHED = {"image": Attachments(images=1), "document": Attachments(documents=1)}
_ATTACHED_TOKENS = {"image": PER_IMAGE, "document": PER_DOCUMENT}
_MODES = {"auto": ToolMode.AUTO, "any": ToolMode.REQUIRED, "tool": ToolMode.REQUIRED, "none": ToolMode.NONE}


def read_messages(body: JsonObject, personality: Personality, cache: PromptCache, *, counting: bool = False) -> Question:
    """A `/v1/messages` body, or one of `count_tokens` (`counting`). Raises `Rejection`."""
    rules.check_messages(body, Seal(personality.name), counting=counting)
    if personality.strict_params:
        rules.check_params(body)
    offers = tuple(_offer(tool) for tool in body.get("tools") or () if "input_schema" in tool)
    blocks = list(_blocks(body))
    choice: JsonObject = body.get("tool_choice") or {}
    disable = choice.get("disable_parallel_tool_use")
    return Question(
        model=body["model"],
        prompt="\n".join(block.text for block in blocks),
        last=_last_text(body["messages"]),
        prompt_tokens=3 + sum(block.tokens for block in blocks),
        cache=cache.explicit(blocks) if not counting else cache.explicit([]),
        attachments=_attachments(body["messages"]),
        stream=bool(body.get("stream")),
        include_usage=True,
        offers=offers,
        tool_mode=_MODES.get(choice.get("type", "auto"), ToolMode.AUTO),
        tool_named=choice.get("name", ""),
        parallel=None if disable is None else not disable,
        tool_results=tuple(_results(body["messages"][-1])),
        schema=_schema(body),
        max_tokens=body.get("max_tokens"),
        stops=tuple(body.get("stop_sequences") or ()),
        thinks=personality.thinks or (body.get("thinking") or {}).get("type") in ("enabled", "adaptive", "between_tools"),
        label=(body.get("metadata") or {}).get("user_id") or "",
    )


def _offer(tool: JsonObject) -> Offer:
    return Offer(tool["name"], tool.get("description") or "", tool["input_schema"])


def _schema(body: JsonObject) -> JsonObject | None:
    """Structured output, as it is asked for now or was in its beta."""
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return wanted.get("schema")


def _blocks(body: JsonObject) -> Iterable[Block]:
    """The prompt in the order in which it is cached: tools, system, messages."""
    for tool in body.get("tools") or ():
        text = f"{tool.get('name', '')} {tool.get('description', '')} {tool.get('input_schema', '')}"
        yield Block(text, PER_TOOL + tokens_of(text), _keep(tool))
    system = body.get("system") or ()
    for block in [{"text": system}] if isinstance(system, str) else system:
        yield Block(block["text"], tokens_of(block["text"]), _keep(block))
    for message in body["messages"]:
        content = message["content"]
        yield Block("", PER_MESSAGE)
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            text = text_of(block)
            yield Block(text, tokens_of(text) + _ATTACHED_TOKENS.get(block["type"], 0), _keep(block))
    if body.get("cache_control"):
        yield Block("", 0, _keep(body))


def _keep(block: JsonObject) -> str:
    control = block.get("cache_control")
    return control.get("ttl", "5m") if control else ""


def text_of(block: JsonObject) -> str:
    """All text in a block, nested ones included."""
    match block["type"]:
        case "text":
            return block["text"]
        case "tool_use":
            return f"{block['name']} {block['input']}"
        case "tool_result":
            content = block.get("content") or ""
            return content if isinstance(content, str) else "\n".join(text_of(part) for part in content)
        case "document" if (block.get("source") or {}).get("type") == "text":
            return block["source"]["data"]
        case "thinking":
            return block["thinking"]
        case _:
            return ""


def _last_text(messages: list[JsonObject]) -> str:
    """What the user said last in words of its own, not through a tool."""
    for message in reversed(messages):
        content = message["content"]
        if message["role"] != "user":
            continue
        if isinstance(content, str):
            return content
        said = [block["text"] for block in content if block["type"] == "text"]
        if said:
            return "\n".join(said)
    return ""


def _results(message: JsonObject) -> Iterable[str]:
    content = message["content"]
    for block in content if isinstance(content, list) else ():
        if block["type"] == "tool_result":
            yield text_of(block)


def _attachments(messages: list[JsonObject]) -> Attachments:
    total = Attachments()
    for message in messages:
        content = message["content"]
        for block in content if isinstance(content, list) else ():
            total += _ATTACHED.get(block["type"], Attachments())
            inner = block.get("content")
            for part in inner if isinstance(inner, list) else ():
                total += _ATTACHED.get(part.get("type"), Attachments())
    return total
