"""Canonical messages → messages of a Chat Completions request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.dialects.openai_chat.losses import LEFT_OUT, lost_fields
from headworks.dialects.openai_chat.parts import write_part
from headworks.dialects.openai_chat.read_messages import REASONING_FIELDS
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Document,
    Downgrade,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from headworks.domain.target import Quirks

_SYSTEM = frozenset((Role.SYSTEM, Role.DEVELOPER))
_FRAME = frozenset(("role", "name", "content"))
"""Fields of a message that say nothing by themselves."""


class MessageWriter:
    """Writes the messages of one conversation. `own` tells that it was read from this same dialect; `downgrades` collects losses."""

    def __init__(self, quirks: Quirks, *, own: bool) -> None:
        self._quirks = quirks
        self._own = own
        self.downgrades: list[Downgrade] = []

    def write(self, messages: Sequence[Message]) -> list[JsonObject]:
        """All messages, in order. One canonical message may become several."""
        wire: list[JsonObject] = []
        for place, message in enumerate(messages):
            path = f"messages[{place}]"
            self._report_extra(message.extra, path)
            if message.role is Role.ASSISTANT:
                wire.append(self._assistant(message, path))
            elif message.role in _SYSTEM:
                wire.append(self._plain(self._system_role(message.role, place, path), message, message.parts, path))
            else:
                wire.extend(self._user(message, path))
        if messages and messages[-1].role is Role.ASSISTANT and not self._own:
            self._report(f"messages[{len(messages) - 1}]", "a last assistant turn is answered, not continued")
        return wire if self._own else _that_say_something(wire)

    def _system_role(self, role: Role, place: int, path: str) -> Role:
        if place and self._quirks.no_system_after_first:
            self._report(f"{path}.role", "said as a user message: this provider wants system messages first")
            return Role.USER
        if role is Role.DEVELOPER and not self._quirks.developer_role:
            return Role.SYSTEM
        return role

    def _user(self, message: Message, path: str) -> list[JsonObject]:
        """Tool results become messages of their own, before what else was said."""
        results = [part for part in message.parts if type(part) is ToolResult]
        rest = [part for part in message.parts if type(part) is not ToolResult]
        wire: list[JsonObject] = []
        shown: list[Part] = []
        for result in results:
            wire.append(self._tool_result(message, result, path))
            if not self._own:
                shown.extend(part for part in result.content if not isinstance(part, Text))
        if shown:
            self._report(path, "files and images of tool results are shown in a user message after them")
        if rest or shown or not results:
            wire.append(self._plain(Role.USER, message, [*shown, *rest], path))
        return wire

    def _tool_result(self, message: Message, result: ToolResult, path: str) -> JsonObject:
        if result.is_error:
            self._report(f"{path}.is_error", LEFT_OUT)
        self._report_extra(result.extra, path)
        texts = result.content if self._own else tuple(part for part in result.content if isinstance(part, Text))
        wire: JsonObject = {"role": "tool", "tool_call_id": result.call_id}
        if self._own:
            if result.extra or not result.call_id:
                del wire["tool_call_id"]
            wire.update({"name": message.name} if message.name else {}, **message.extra)
        if not message.absent:
            plain = result.plain or not self._own
            wire["content"] = None if message.null else self._content(texts, path, plain=plain)
        return wire

    def _plain(self, role: Role, message: Message, parts: Sequence[Part], path: str) -> JsonObject:
        """A message that holds nothing but content."""
        wire: JsonObject = {"role": role, **self._names(message)}
        if message.null:
            wire["content"] = None
        elif not message.absent:
            wire["content"] = self._content(parts, path, plain=message.plain)
        return wire

    def _assistant(self, message: Message, path: str) -> JsonObject:
        wire: JsonObject = {"role": "assistant", **self._names(message)}
        calls: list[JsonObject] = []
        content: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                self._report_extra(part.extra, f"{path}.tool_calls[{len(calls)}]")
                calls.append(_own_call(part) if self._own else _foreign_call(part))
            elif isinstance(part, Reasoning) and part.extra.get("type") != "thinking":
                self._reasoning(part, wire, path)
            elif isinstance(part, Refusal) and "type" not in part.extra:
                wire["refusal"] = wire.get("refusal", "") + part.text
            elif isinstance(part, Opaque) and "in" in part.extra and self._own:
                (calls if part.extra["in"] == "tool_calls" else wire.setdefault(part.extra["in"], [])).append(part.raw)
            else:
                content.append(part)
        if content or not (message.absent or message.null):
            wire["content"] = self._content(content, path, plain=message.plain) if content or self._own else None
        elif message.null:
            wire["content"] = None
        if calls:
            wire["tool_calls"] = calls
        return wire

    def _reasoning(self, part: Reasoning, wire: JsonObject, path: str) -> None:
        """Own reasoning goes back to where it came from, a stranger's to where this provider wants it, if anywhere."""
        kind = part.extra.get("type", "") if self._own else ""
        if kind:
            field = {"reasoning.encrypted": "data", "reasoning.summary": "summary"}.get(kind, "text")
            said = {field: part.redacted or part.text, "signature": part.signature}
            wire.setdefault("reasoning_details", []).append({**_said(said), **part.extra})
            return
        field = part.extra.get("field", REASONING_FIELDS[0]) if self._own else self._quirks.reasoning_field
        if field and part.text:
            wire[field] = wire.get(field, "") + part.text
        if not field or part.redacted:
            self._report(f"{path}.reasoning", LEFT_OUT)
        elif part.signature:
            self._report(f"{path}.reasoning.signature", LEFT_OUT)

    def _content(self, parts: Sequence[Part], path: str, *, plain: bool) -> Any:
        """A bare string where it was one, or (from another dialect) where one text is all there is."""
        single = len(parts) == 1 and isinstance(parts[0], Text) and not (parts[0].extra and self._own)
        if single and (plain or not self._own):
            assert isinstance(parts[0], Text)
            self._report_extra(parts[0].extra, f"{path}.content[0]")
            return parts[0].text
        if plain and all(isinstance(part, Text) for part in parts):
            return "".join(part.text for part in parts if isinstance(part, Text))
        wire = [self._part(part, f"{path}.content[{place}]") for place, part in enumerate(parts)]
        return [part for part in wire if part is not None]

    def _part(self, part: Part, path: str) -> JsonObject | None:
        if not self._own:
            self._report_extra(part.extra, path)
            if isinstance(part, Document) and part.context and not part.text:
                self._report(f"{path}.context", LEFT_OUT)
            part = _foreign(part)
        wire = None if isinstance(part, Opaque) and not self._own else write_part(part)
        if wire is None:
            self._report(path, LEFT_OUT)
        elif isinstance(part, Document) and part.text and not self._own:
            self._report(path, "a text document is said as plain text")
        return wire

    def _names(self, message: Message) -> JsonObject:
        wire: JsonObject = {"name": message.name} if message.name else {}
        return {**wire, **message.extra} if self._own else wire

    def _report(self, path: str, what: str) -> None:
        self.downgrades.append(Downgrade(path, what))

    def _report_extra(self, extra: JsonObject, path: str) -> None:
        if extra and not self._own:
            self.downgrades.extend(lost_fields(extra, path))


def _that_say_something(messages: list[JsonObject]) -> list[JsonObject]:
    """A stranger's messages without those of which no part was left: OpenAI refuses empty lists. Raises `Fault` `inexpressible`."""
    said = [{**message, "content": None} if message.get("content") == [] else message for message in messages]
    left = [message for message in said if message.get("content") is not None or message.keys() - _FRAME]
    if not left:
        raise Fault(
            "inexpressible",
            "Nothing of this conversation can be said in OpenAI's chat language. Send a message with text.",
            param="messages",
        )
    return left


def _foreign(part: Part) -> Part:
    """A part of another dialect, without what only that one knows, and with what OpenAI insists on."""
    if isinstance(part, Document) and part.data and not part.name:
        return msgspec.structs.replace(part, extra={}, name="document.pdf")
    if isinstance(part, Image | Document) and part.file_id:
        return Opaque(raw={})  # another provider's file
    return msgspec.structs.replace(part, extra={}) if part.extra else part


def _own_call(call: ToolCall) -> JsonObject:
    """As it came: what was empty or missing is so again."""
    kept = dict(call.extra)
    arguments = call.arguments if call.parsed is None else call.parsed
    said = {"name": call.name} if call.name else {}
    function = {
        **said,
        **({"arguments": arguments} if arguments or call.parsed is not None else {}),
        **kept.pop("function", {}),
    }
    wire = {**({"id": call.id} if call.id else {}), "type": "function", "function": function, **kept}
    if wire["type"] is None:
        del wire["type"]
    return wire


def _foreign_call(call: ToolCall) -> JsonObject:
    arguments = call.arguments or msgspec.json.encode(call.parsed or {}).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _said(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value}
