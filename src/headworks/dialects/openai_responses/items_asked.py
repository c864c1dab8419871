"""Canonical messages → input items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from headworks.dialects.openai_responses.names import NAME
from headworks.dialects.openai_responses.parts import INPUT, OUTPUT, write_part
from headworks.dialects.signatures import bare
from headworks.dialects.turns import ECHOES
from headworks.dialects.unpacking import losses
from headworks.domain.errors import Fault
from headworks.domain.message import (
    FORM,
    Document,
    Downgrade,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)

LEFT_OUT = "left out: not expressible in OpenAI's Responses language"
_MARKS = frozenset(("type", "format", "id", "index", "field", "in", *ECHOES))
"""Fields of `extra` that tell only where a part stood in its own language, or repeat it."""


class ItemsAsked:
    """Writes the items of one conversation. `own` tells that it was read from this same dialect; losses go to `lost`."""

    def __init__(self, lost: list[Downgrade], *, own: bool) -> None:
        self._own = own
        self._lost = lost

    def write(self, messages: Sequence[Message]) -> list[JsonObject]:
        """All items, in order: one message may be several. Raises `Fault` `inexpressible` where nothing is left."""
        items = [item for place, message in enumerate(messages) for item in self._items(message, f"messages[{place}]")]
        if not items and not self._own:
            raise Fault(
                "inexpressible",
                "Nothing of this conversation can be said in OpenAI's Responses language. Send a message with text.",
                param="messages",
            )
        return items

    def _items(self, message: Message, path: str) -> Iterable[JsonObject]:
        if message.name and message.role is not Role.TOOL:
            self._lose(f"{path}.name", LEFT_OUT)
        self._report(message.extra, path)
        content: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolCall | ToolResult | Reasoning) or (isinstance(part, Opaque) and self._is_item(message)):
                yield from self._content(message, content, path)
                content = []
                yield from self._item(part, path)
            else:
                content.append(part)
        yield from self._content(message, content, path)

    def _is_item(self, message: Message) -> bool:
        return self._own and len(message.parts) == 1 and FORM not in message.extra and message.role is Role.ASSISTANT

    def _content(self, message: Message, parts: list[Part], path: str) -> Iterable[JsonObject]:
        if not parts and not (self._own and not message.parts):
            return
        form = message.extra.get(FORM, {}) if self._own else {}
        wire: JsonObject = {"role": (Role.USER if message.role is Role.TOOL else message.role).value}
        plain = message.plain or (message.role is Role.ASSISTANT and not self._own)
        if plain and len(parts) == 1 and isinstance(parts[0], Text) and (parts[0].text or self._own):
            self._report(parts[0].extra, path)
            yield {**wire, "content": parts[0].text, **form}
            return
        content = self._parts(parts, path, OUTPUT if message.role is Role.ASSISTANT else INPUT)
        if content or self._own:
            yield {**wire, "content": content, **form}

    def _parts(self, parts: Sequence[Part], path: str, text_type: str) -> list[JsonObject]:
        written: list[JsonObject] = []
        for place, part in enumerate(parts):
            where = f"{path}.content[{place}]"
            self._report(part.extra, where)
            if isinstance(part, Document) and part.context and not part.text:
                self._lose(f"{where}.context", LEFT_OUT)
            wire = None if isinstance(part, Opaque) and not self._own else write_part(part, text_type, own=self._own)
            if wire is None:
                self._lose(where, LEFT_OUT)
            elif not (isinstance(part, Text) and not part.text and not self._own):
                written.append(wire)
        return written

    def _item(self, part: Part, path: str) -> Iterable[JsonObject]:
        form: JsonObject = part.extra.get(FORM, {}) if self._own else {}
        if not isinstance(part, Reasoning):
            self._report(part.extra, path)
        match part:
            case ToolCall():
                yield _call(part, form)
            case ToolResult():
                yield self._result(part, form, path)
            case Reasoning():
                yield from self._thought(part, form, path)
            case Opaque():
                yield part.raw
            case _:
                return

    def _result(self, result: ToolResult, form: JsonObject, path: str) -> JsonObject:
        if result.is_error:
            self._lose(f"{path}.is_error", LEFT_OUT)
        alone = len(result.content) == 1 and isinstance(result.content[0], Text)
        plain = result.plain or (alone and not self._own) or not (result.content or self._own)
        if plain:
            for part in result.content:
                self._report(part.extra, f"{path}.content")
        output = "".join(part.text for part in result.content if isinstance(part, Text)) if plain else None
        said = self._parts(result.content, path, INPUT) if output is None else output
        return {"type": "function_call_output", "call_id": result.call_id, "output": said, **form}

    def _thought(self, thought: Reasoning, form: JsonObject, path: str) -> Iterable[JsonObject]:
        """Only what this language has sealed can be given back to it."""
        stamped = self._own or bare(NAME, thought.signature) != thought.signature
        sealed = bare(NAME, thought.signature or thought.redacted) if stamped else ""
        if self._own and (sealed or not (thought.signature or thought.redacted)):
            yield {"type": "reasoning", **({"encrypted_content": sealed} if sealed else {}), **form}
        elif sealed:
            summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
            yield {"type": "reasoning", "summary": summary, "encrypted_content": sealed}
        else:
            self._lose(f"{path}.reasoning", "left out: it has no seal of OpenAI's")

    def _report(self, extra: JsonObject, path: str) -> None:
        if extra and not self._own:
            rest = {name: value for name, value in extra.items() if name not in _MARKS}
            self._lost.extend(Downgrade(place, LEFT_OUT) for place in losses(rest, path))

    def _lose(self, path: str, what: str) -> None:
        self._lost.append(Downgrade(path, what))


def _call(call: ToolCall, form: JsonObject) -> JsonObject:
    arguments = call.arguments if call.parsed is None else msgspec.json.encode(call.parsed).decode()
    if form.get("type") == "custom_tool_call":
        return {"call_id": call.id, "name": call.name, "input": msgspec.json.decode(arguments)["input"], **form}
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments, **form}
