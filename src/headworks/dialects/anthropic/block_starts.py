"""How a part of an answer begins. A whole message's blocks come full, a stream's nearly empty: what is in one already is told as deltas."""

from __future__ import annotations

import msgspec

from headworks.domain.events import PartKind, PartStarted
from headworks.domain.message import JsonObject

CALLS = (PartKind.TOOL_CALL, PartKind.SERVER_TOOL_CALL)

_KINDS = {
    "text": PartKind.TEXT,
    "thinking": PartKind.REASONING,
    "redacted_thinking": PartKind.REDACTED_REASONING,
    "tool_use": PartKind.TOOL_CALL,
    "server_tool_use": PartKind.SERVER_TOOL_CALL,
    "mcp_tool_use": PartKind.SERVER_TOOL_CALL,
}


def kind_of(block: JsonObject) -> PartKind:
    """What a block is."""
    word = block["type"]
    return _KINDS.get(word) or (PartKind.SERVER_TOOL_RESULT if word.endswith("_tool_result") else PartKind.OTHER)


def part_started(part: int, kind: PartKind, block: JsonObject) -> PartStarted:
    """The part's head. `raw` holds what only Anthropic knows: of a kind of its own the whole block, else what is left of it."""
    if kind is PartKind.REDACTED_REASONING:
        return PartStarted(part, kind, data=block["data"])
    if kind in CALLS:
        raw = {name: value for name, value in block.items() if name not in ("id", "name", "input")}
        return PartStarted(part, kind, call_id=block["id"], name=block["name"], raw=raw)
    if kind in (PartKind.SERVER_TOOL_RESULT, PartKind.OTHER):
        return PartStarted(part, kind, call_id=block.get("tool_use_id") or "", raw=block)
    return PartStarted(part, kind)


def initial_deltas(block: JsonObject) -> list[JsonObject]:
    """The deltas that would have brought what the block holds already."""
    match block:
        case {"type": "text"}:
            cited = [{"type": "citations_delta", "citation": citation} for citation in block.get("citations") or ()]
            return [{"type": "text_delta", "text": block["text"]}, *cited]
        case {"type": "thinking"}:
            deltas: list[JsonObject] = [{"type": "thinking_delta", "thinking": block["thinking"]}]
            if block.get("signature"):
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return deltas
        case {"type": str(word), "input": dict(given)} if given and word in _KINDS:
            return [{"type": "input_json_delta", "partial_json": msgspec.json.encode(given).decode()}]
        case _:
            return []
