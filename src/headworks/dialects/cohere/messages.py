"""Canonical messages → those of a v2 chat request, and the documents that Cohere wants beside them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.dialects.cohere.names import LEFT_OUT
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

_SYSTEM = (Role.SYSTEM, Role.DEVELOPER)
_SAID_OTHERWISE = frozenset(("type", "role", "field", *ECHOES))
"""Names of another language for what kind of thing a part is, and what repeats one."""


class MessageWriter:
    """Writes the messages of one conversation; `documents` are those that they held."""

    def __init__(self, reported: list[Downgrade]) -> None:
        self.documents: list[JsonObject] = []
        self._reported = reported

    def write(self, messages: Sequence[Message]) -> list[JsonObject]:
        """All messages, in order. Raises `Fault` `inexpressible` where nothing of them is left."""
        wire: list[JsonObject] = []
        for place, message in enumerate(messages):
            path = f"messages[{place}]"
            self._report_extra(message.extra, path)
            if message.name and message.role is not Role.TOOL:
                self._report(f"{path}.name")
            if message.role in _SYSTEM:
                wire.append({"role": "system", "content": self._content(message.parts, path)})
            elif message.role is Role.ASSISTANT:
                wire.append(self._assistant(message, path))
            else:
                wire.extend(self._user(message, path))
        said = [message for message in wire if message.get("content") or message.get("tool_calls")]
        if not said:
            raise Fault(
                "inexpressible",
                "Nothing of this conversation can be said in Cohere's language. Send a message with text.",
                param="messages",
            )
        return said

    def _user(self, message: Message, path: str) -> list[JsonObject]:
        """Tool results are messages of their own; what of them is no text is shown after them."""
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        shown = [part for result in results for part in result.content if not isinstance(part, Text)]
        if shown:
            self._report(path, "files and images of tool results are shown in a user message after them")
        rest = [*shown, *(part for part in message.parts if not isinstance(part, ToolResult))]
        wire = [self._result(result, path) for result in results]
        if rest:
            wire.append({"role": "user", "content": self._content(rest, path)})
        return wire

    def _result(self, result: ToolResult, path: str) -> JsonObject:
        if result.is_error:
            self._report(f"{path}.is_error")
        self._report_extra(result.extra, path)
        texts = [part for part in result.content if isinstance(part, Text)]
        for each in texts:
            self._report_extra(each.extra, f"{path}.content")
        text = "\n".join(each.text for each in texts)
        return {"role": "tool", "tool_call_id": result.call_id, "content": text or "(no text)"}

    def _assistant(self, message: Message, path: str) -> JsonObject:
        """What is said beside calls is Cohere's plan for them."""
        calls = [self._call(part, path) for part in message.parts if isinstance(part, ToolCall)]
        thoughts: list[JsonObject] = []
        texts: list[str] = []
        for place, part in enumerate(message.parts):
            if isinstance(part, Reasoning):
                thoughts.extend(self._thought(part, f"{path}.reasoning"))
            elif isinstance(part, Text | Refusal):
                self._report_extra(part.extra, f"{path}.content[{place}]")
                texts.append(part.text)
            elif not isinstance(part, ToolCall):
                self._report(f"{path}.content[{place}]")
        said = "".join(texts)
        wire: JsonObject = {"role": "assistant"}
        if calls:
            wire["tool_calls"] = calls
            plan = said or "".join(thought["thinking"] for thought in thoughts)
            if said and thoughts:
                self._report(f"{path}.reasoning", "left out: Cohere knows one plan beside calls, and that is what was said")
            return {**wire, "tool_plan": plan} if plan else wire
        if thoughts:
            return {**wire, "content": [*thoughts, *([{"type": "text", "text": said}] if said else [])]}
        return {**wire, "content": said}

    def _thought(self, part: Reasoning, path: str) -> list[JsonObject]:
        if part.redacted:
            self._report(path)
        if part.signature:
            self._report(f"{path}.signature")
        return [{"type": "thinking", "thinking": part.text}] if part.text else []

    def _call(self, call: ToolCall, path: str) -> JsonObject:
        self._report_extra({name: value for name, value in call.extra.items() if name != "function"}, f"{path}.tool_calls")
        arguments = call.arguments or msgspec.json.encode(call.parsed or {}).decode()
        return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}

    def _content(self, parts: Sequence[Part], path: str) -> str | list[JsonObject]:
        """A bare string where text is all there is."""
        written = [self._part(part, f"{path}.content[{place}]") for place, part in enumerate(parts)]
        said = [part for part in written if part is not None]
        if len(said) == 1 and said[0]["type"] == "text":
            return said[0]["text"]
        return said

    def _part(self, part: Part, path: str) -> JsonObject | None:
        self._report_extra(part.extra, path)
        if isinstance(part, Text | Refusal):
            return {"type": "text", "text": part.text}
        if isinstance(part, Image) and (part.data or part.url):
            url = f"data:{part.media_type};base64,{part.data}" if part.data else part.url
            return {"type": "image_url", "image_url": {"url": url, **({"detail": part.detail} if part.detail else {})}}
        if isinstance(part, Document) and part.text:
            self._report(path, "moved to the documents beside the messages: Cohere cites from there")
            about = {"title": part.name, "context": part.context}
            self.documents.append({"data": {"text": part.text, **{name: words for name, words in about.items() if words}}})
            return None
        self._report(path)
        return None

    def _report(self, path: str, what: str = LEFT_OUT) -> None:
        self._reported.append(Downgrade(path, what))

    def _report_extra(self, extra: JsonObject, path: str) -> None:
        said = {name: value for name, value in extra.items() if name not in _SAID_OTHERWISE}
        self._reported.extend(Downgrade(place, LEFT_OUT) for place in losses(said, path))
