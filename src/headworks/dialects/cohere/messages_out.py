"""Canonical messages → those of a v2 chat request, and the documents that Cohere wants beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.dialects.cohere.names import LEFT_OUT, PLAN
from headworks.dialects.data_urls import data_url
from headworks.dialects.turns import ECHOES
from headworks.dialects.unpacking import losses
from headworks.domain.errors import Fault
from headworks.domain.message import (
    FORM,
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

_SYSTEM = (Role.SYSTEM, Role.DEVELOPER)
_SAID_OTHERWISE = frozenset(("type", "role", "field", *ECHOES))
"""Names of another language for what kind of thing a part is, and what repeats one."""


class MessageWriter:
    """Writes the messages of one conversation; `documents` are those that they held. `own` tells that it was asked in this language."""

    def __init__(self, reported: list[Downgrade], *, own: bool) -> None:
        self.documents: list[Any] = []
        self._reported = reported
        self._own = own

    def write(self, messages: Sequence[Message]) -> list[JsonObject]:
        """All messages, in order. Raises `Fault` `inexpressible` where nothing of them is left."""
        wire: list[JsonObject] = []
        for place, message in enumerate(messages):
            path = f"messages[{place}]"
            extra = self._kept(message.extra, path)
            if message.name and message.role is not Role.TOOL:
                self._report(f"{path}.name")
            if message.role in _SYSTEM:
                wire.append({"role": "system", "content": self._content(message.parts, path), **extra})
            elif message.role is Role.ASSISTANT:
                wire.append({**self._assistant(message, path), **extra})
            else:
                wire.extend({**said, **extra} for said in self._user(message, path))
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
        shown = [] if self._own else [part for result in results for part in result.content if not isinstance(part, Text)]
        if shown:
            self._report(path, "files and images of tool results are shown in a user message after them")
        wire = [self._result(result, path) for result in results]
        rest = [*shown, *(part for part in message.parts if not isinstance(part, ToolResult))]
        if rest:
            wire.append({"role": "user", "content": self._content(rest, path)})
        return wire

    def _result(self, result: ToolResult, path: str) -> JsonObject:
        if result.is_error:
            self._report(f"{path}.is_error")
        told: JsonObject = {"role": "tool", "tool_call_id": result.call_id, **self._kept(result.extra, path)}
        if self._own and not result.plain:
            return {**told, "content": [self._part(part, path) for part in result.content]}
        texts = [part for part in result.content if isinstance(part, Text)]
        for each in texts:
            self._kept(each.extra, f"{path}.content")
        return {**told, "content": "\n".join(each.text for each in texts) or "(no text)"}

    def _assistant(self, message: Message, path: str) -> JsonObject:
        """What others say beside calls is Cohere's plan for them."""
        calls: list[JsonObject] = []
        plan: list[str] = []
        content: list[JsonObject] = []
        for place, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                calls.append(self._call(part, path))
            elif isinstance(part, Reasoning):
                content += self._thought(part, f"{path}.reasoning")
            elif self._own and isinstance(part, Text) and part.extra.get(FORM) == PLAN:
                plan.append(part.text)
            elif isinstance(part, Text | Refusal | Opaque):
                said = self._part(part, f"{path}.content[{place}]")
                content += [said] if said is not None else []
            else:
                self._report(f"{path}.content[{place}]")
        if calls and not self._own:
            if len({kind for part in content for kind in part.keys() & {"text", "thinking"}}) > 1:
                self._report(f"{path}.reasoning", "left out: Cohere knows one plan beside calls, and that is what was said")
            plan, content = [_plan(content)], []
        wire: JsonObject = {"role": "assistant", **({"tool_calls": calls} if calls else {})}
        if "".join(plan):
            wire["tool_plan"] = "".join(plan)
        return {**wire, "content": _bare(content)} if content or not calls else wire

    def _thought(self, part: Reasoning, path: str) -> list[JsonObject]:
        if part.redacted:
            self._report(path)
        if part.signature:
            self._report(f"{path}.signature")
        extra = part.extra if self._own else {}
        return [{"type": "thinking", "thinking": part.text, **extra}] if part.text else []

    def _call(self, call: ToolCall, path: str) -> JsonObject:
        said = {name: value for name, value in call.extra.items() if name != "function"}
        arguments = call.arguments or msgspec.json.encode(call.parsed or {}).decode()
        function = {"name": call.name, "arguments": arguments, **(call.extra.get("function", {}) if self._own else {})}
        return {"id": call.id, "type": "function", "function": function, **self._kept(said, f"{path}.tool_calls")}

    def _content(self, parts: Sequence[Part], path: str) -> str | list[JsonObject]:
        written = [self._part(part, f"{path}.content[{place}]") for place, part in enumerate(parts)]
        return _bare([part for part in written if part is not None])

    def _part(self, part: Part, path: str) -> JsonObject | None:
        if self._own and isinstance(part, Opaque):
            return part.raw
        form = part.extra.get(FORM) if self._own else None
        if isinstance(form, dict):
            return self._as_it_stood(form)
        extra = self._kept(part.extra, path)
        if isinstance(part, Text | Refusal):
            return {"type": "text", "text": part.text, **extra}
        if isinstance(part, Image) and (part.data or part.url):
            url = data_url(part.media_type, part.data) if part.data else part.url
            shown = {"url": url, **({"detail": part.detail} if part.detail else {})}
            return {"type": "image_url", "image_url": shown, **extra}
        if isinstance(part, Document) and part.text:
            self._report(path, "moved to the documents beside the messages: Cohere cites from there")
            about = {"title": part.name, "context": part.context}
            self.documents.append({"data": {"text": part.text, **{name: words for name, words in about.items() if words}}})
            return None
        self._report(path)
        return None

    def _as_it_stood(self, form: JsonObject) -> JsonObject | None:
        """A document of a client that speaks this language: beside the messages, or in one."""
        if "documents" not in form:
            return {"type": "document", **form}
        self.documents.append(form["documents"])
        return None

    def _report(self, path: str, what: str = LEFT_OUT) -> None:
        self._reported.append(Downgrade(path, what))

    def _kept(self, extra: JsonObject, path: str) -> JsonObject:
        """What is said again of fields that have no place in the canonical form: all of them, or none, which is reported."""
        if self._own:
            return {name: value for name, value in extra.items() if name != FORM}
        said = {name: value for name, value in extra.items() if name not in _SAID_OTHERWISE}
        self._reported.extend(Downgrade(place, LEFT_OUT) for place in losses(said, path))
        return {}


def _plan(content: list[JsonObject]) -> str:
    """What was said, else what was thought."""
    said = "".join(part["text"] for part in content if "text" in part)
    return said or "".join(part["thinking"] for part in content if "thinking" in part)


def _bare(content: list[JsonObject]) -> str | list[JsonObject]:
    """A bare string where text is all there is."""
    match content:
        case []:
            return ""
        case [{"type": "text", "text": str(text), **more}] if not more:
            return text
        case _:
            return content
