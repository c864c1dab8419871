"""Canonical messages → those of an `/api/chat` request, whose content is text, with pictures beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from headworks.dialects.ollama.names import LEFT_OUT, UNREADABLE
from headworks.dialects.turns import ECHOES
from headworks.dialects.unpacking import losses
from headworks.domain.errors import Fault
from headworks.domain.message import (
    Document,
    Downgrade,
    Image,
    JsonObject,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)

_ROLES = {Role.SYSTEM: "system", Role.DEVELOPER: "system", Role.USER: "user", Role.TOOL: "user", Role.ASSISTANT: "assistant"}
_SAID_OTHERWISE = frozenset(("type", "role", "field", *ECHOES))
"""Names of another language for what kind of thing a part is, and what repeats one."""


class MessageWriter:
    """Writes the messages of one conversation; what is lost goes to `reported`."""

    def __init__(self, messages: Sequence[Message], reported: list[Downgrade]) -> None:
        self._messages = messages
        self._reported = reported
        self._names = {
            part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall) and part.id
        }
        """Of the tools that were called, by the call's id."""

    def write(self) -> list[JsonObject]:
        """All messages, in order. Raises `Fault` `inexpressible` where nothing of them is left."""
        wire: list[JsonObject] = []
        for place, message in enumerate(self._messages):
            path = f"messages[{place}]"
            self._report_extra(message.extra, path)
            if message.name and message.role is not Role.TOOL:
                self._report(f"{path}.name")
            wire += self._message(message, path)
        said = [message for message in wire if len(message) > 2 or message["content"]]  # noqa: PLR2004 - role and content
        if not said:
            raise Fault(
                "inexpressible",
                "Nothing of this conversation can be said in Ollama's language. Send a message with text.",
                param="messages",
            )
        return said

    def _message(self, message: Message, path: str) -> list[JsonObject]:
        """Tool results are messages of their own; what of them is no text is shown after them."""
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        shown = [part for result in results for part in result.content if not isinstance(part, Text)]
        if shown:
            self._report(path, "files and images of tool results are shown in a user message after them")
        rest = [*shown, *(part for part in message.parts if not isinstance(part, ToolResult))]
        said = [self._said(_ROLES[message.role], rest, path)] if rest or not results else []
        return [*(self._result(result, path) for result in results), *said]

    def _said(self, role: str, parts: Iterable[Part], path: str) -> JsonObject:
        texts: list[str] = []
        thoughts: list[str] = []
        pictures: list[str] = []
        calls: list[JsonObject] = []
        for place, part in enumerate(parts):
            below = f"{path}.content[{place}]"
            if isinstance(part, ToolCall):
                calls.append(self._call(part, len(calls), path))
                continue
            if isinstance(part, Reasoning):
                thoughts.append(self._thought(part, f"{path}.reasoning"))
                continue
            self._report_extra(part.extra, below)
            if isinstance(part, Text | Refusal):
                texts.append(part.text)
            elif isinstance(part, Image) and part.data:
                pictures.append(self._picture(part, below))
            elif isinstance(part, Document) and part.text:
                self._report(below, "a text document is said as plain text")
                texts.append("\n".join(words for words in (part.name, part.context, part.text) if words))
            else:
                self._report(below, _why(part))
        wire: JsonObject = {"role": role, "content": ("" if role == "assistant" else "\n").join(texts)}
        beside = {"thinking": "".join(thoughts), "images": pictures, "tool_calls": calls}
        return wire | {name: value for name, value in beside.items() if value}

    def _thought(self, part: Reasoning, path: str) -> str:
        if part.redacted:
            self._report(path)
        if part.signature:
            self._report(f"{path}.signature")
        return part.text

    def _picture(self, picture: Image, path: str) -> str:
        if picture.detail not in ("", "auto"):
            self._report(f"{path}.detail")
        return picture.data

    def _call(self, call: ToolCall, index: int, path: str) -> JsonObject:
        self._report_extra({name: value for name, value in call.extra.items() if name != "function"}, f"{path}.tool_calls")
        given = self._arguments(call, path) if call.parsed is None else call.parsed
        return {"id": call.id, "function": {"index": index, "name": call.name, "arguments": given}}

    def _arguments(self, call: ToolCall, path: str) -> JsonObject:
        try:
            given = msgspec.json.decode(call.arguments or "null")
        except UNREADABLE:
            given = call.arguments
        if given is None or isinstance(given, dict):
            return given or {}
        self._report(f"{path}.tool_calls", f"the arguments of '{call.name}' are no JSON object: sent as the text they are")
        return {"arguments": call.arguments}

    def _result(self, result: ToolResult, path: str) -> JsonObject:
        if result.is_error:
            self._report(f"{path}.is_error")
        self._report_extra(result.extra, path)
        texts = [part for part in result.content if isinstance(part, Text)]
        for each in texts:
            self._report_extra(each.extra, f"{path}.content")
        text = "\n".join(each.text for each in texts)
        name = result.name or self._names.get(result.call_id, "")
        wire = {"role": "tool", "content": text or "(no text)", "tool_name": name, "tool_call_id": result.call_id}
        return {field: value for field, value in wire.items() if value}

    def _report(self, path: str, what: str = LEFT_OUT) -> None:
        self._reported.append(Downgrade(path, what))

    def _report_extra(self, extra: JsonObject, path: str) -> None:
        said = {name: value for name, value in extra.items() if name not in _SAID_OTHERWISE}
        self._reported.extend(Downgrade(place, LEFT_OUT) for place in losses(said, path))


def _why(part: Part) -> str:
    return "left out: Ollama takes pictures inline, and fetches none" if isinstance(part, Image) else LEFT_OUT
