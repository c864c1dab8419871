"""What an Anthropic-shaped provider rejects, in its own words."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from headworks.testing.emulator.question import JsonObject, Rejection
from headworks.testing.emulator.seal import Seal

_BLOCKS = (
    "document",
    "image",
    "redacted_thinking",
    "search_result",
    "server_tool_use",
    "text",
    "thinking",
    "tool_result",
    "tool_use",
    "web_search_tool_result",
)
_MEDIA = ("image/jpeg", "image/png", "image/gif", "image/webp")
_LEAST_BUDGET = 1024

PARAMS = frozenset(
    {
        "cache_control", "container", "context_management", "diagnostics", "inference_geo", "max_tokens", "mcp_servers", "messages",
        "metadata", "model", "output_config", "output_format", "prefill", "service_tier", "speed", "stop_sequences", "stream", "system",
        "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p",
    }
)  # fmt: skip


def invalid(message: str) -> Rejection:
    """A 400."""
    return Rejection(400, "invalid_request_error", message)


def check_messages(body: JsonObject, seal: Seal, *, counting: bool = False) -> None:
    """The rules of `/v1/messages`, or of `count_tokens` (`counting`), which needs no cap. Raises `Rejection`."""
    for name in ("model", "messages") if counting else ("model", "messages", "max_tokens"):
        if name not in body:
            raise invalid(f"{name}: Field required")
    if not counting and (not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1):
        raise invalid("max_tokens: Input should be greater than or equal to 1")
    if not isinstance(body["messages"], list) or not body["messages"]:
        raise invalid("messages: at least one message is required")
    temperature = body.get("temperature")
    if temperature is not None and not 0 <= temperature <= 1:
        raise invalid("temperature: range: 0..1")
    for index, message in enumerate(body["messages"]):
        _check_message(message, index, seal)
    _check_tool_turns(body["messages"])
    _check_tools(body)
    _check_thinking(body)


def check_params(body: JsonObject) -> None:
    """Unknown top-level parameters. Raises `Rejection`."""
    for name in body:
        if name not in PARAMS:
            raise invalid(f"{name}: Extra inputs are not permitted")


def _check_message(message: JsonObject, index: int, seal: Seal) -> None:
    role, content = message.get("role"), message.get("content")
    if role == "system" and index == 0:
        words = 'the Messages API accepts a top-level `system` parameter, not "system" as the first message\'s role.'
        raise invalid(f"messages.{index}.role: {words}")
    if role not in ("user", "assistant", "system"):
        raise invalid(f"messages.{index}.role: Input should be 'user', 'assistant' or 'system'")
    if index == 0 and role != "user":
        raise invalid('messages: first message must use the "user" role')
    if content is None:
        raise invalid(f"messages.{index}.content: Field required")
    if not content:
        raise invalid(
            f"messages.{index}: all messages must have non-empty content except for the optional final assistant message"
        )
    if isinstance(content, list):
        for number, block in enumerate(content):
            _check_block(block, f"messages.{index}.content.{number}", seal)


def _check_block(block: Any, where: str, seal: Seal) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _BLOCKS:
        tags = ", ".join(f"'{known}'" for known in _BLOCKS)
        raise invalid(f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}")
    if kind == "text" and not block.get("text"):
        raise invalid("messages: text content blocks must be non-empty")
    if kind == "image":
        _check_image(block.get("source") or {}, where)
    if kind == "thinking" and not seal.signed(block.get("thinking", ""), block.get("signature", "")):
        raise invalid(f"{where}: Invalid `signature` in `thinking` block")
    if kind == "redacted_thinking" and not seal.redacted(block.get("data", "")):
        raise invalid(f"{where}: Invalid `data` in `redacted_thinking` block")


def _check_image(source: JsonObject, where: str) -> None:
    if source.get("type") == "base64":
        if source.get("media_type") not in _MEDIA:
            media = ", ".join(f"'{known}'" for known in _MEDIA[:-1])
            raise invalid(f"{where}.source.base64.media_type: Input should be {media} or '{_MEDIA[-1]}'")
        try:
            base64.b64decode(source.get("data", ""), validate=True)
        except binascii.Error as wrong:
            raise invalid(f"{where}.source.base64.data: Invalid base64 data") from wrong
    elif source.get("type") not in ("url", "file"):
        raise invalid(
            f"{where}.source: Input tag '{source.get('type')}' does not match any of the expected tags: 'base64', 'file', 'url'"
        )


def _ids(message: JsonObject, kind: str, field: str) -> list[str]:
    content = message["content"]
    return [block[field] for block in content if block["type"] == kind] if isinstance(content, list) else []


def _check_tool_turns(messages: list[JsonObject]) -> None:
    """Every tool use is answered in the next message, and nothing else is."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        answered = _ids(message, "tool_result", "tool_use_id")
        missing = [one for one in waiting if one not in answered]
        if missing:
            words = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
            ids = ", ".join(missing)
            raise invalid(
                f"messages.{index - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. {words}"
            )
        for number, one in enumerate(answered):
            if one not in waiting:
                words = "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                where = f"messages.{index}.content.{number}"
                raise invalid(f"{where}: unexpected `tool_use_id` found in `tool_result` blocks: {one}. {words}")
        waiting = _ids(message, "tool_use", "id")


def _check_tools(body: JsonObject) -> None:
    for index, tool in enumerate(body.get("tools") or ()):
        if tool.get("type", "custom") != "custom":
            continue
        if not tool.get("name"):
            raise invalid(f"tools.{index}.custom.name: Field required")
        if "input_schema" not in tool:
            raise invalid(f"tools.{index}.custom.input_schema: Field required")
        if tool["input_schema"].get("type") != "object":
            raise invalid(f"tools.{index}.custom.input_schema.type: Field required")


def _check_thinking(body: JsonObject) -> None:
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or budget < _LEAST_BUDGET:
        raise invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= body.get("max_tokens", budget + 1):
        raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature") not in (None, 1, 1.0):
        raise invalid("`temperature` may only be set to 1 when thinking is enabled.")
    last = next((message for message in reversed(body["messages"]) if message["role"] == "assistant"), None)
    if last is not None and _ids(last, "tool_use", "id"):
        first = last["content"][0]["type"]
        if first not in ("thinking", "redacted_thinking"):
            index = body["messages"].index(last)
            words = f"Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block."
            raise invalid(f"messages.{index}.content.0.type: {words}")
