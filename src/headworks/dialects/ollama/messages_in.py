"""Messages of an `/api/chat` request → canonical messages.

Many clients know no ids of calls: a result then names its tool, or says nothing and is meant for the first call without one. Ids are made
for both, because most other languages cannot do without.
"""

from __future__ import annotations

from typing import Any

from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult

_ROLES = {"system": Role.SYSTEM, "developer": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}
_TYPES = {"iVBOR": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp", "Qk": "image/bmp"}
"""How a picture begins in base64 → its type."""


def read_pictures(fields: Unpacked) -> list[Part]:
    """Those that stand beside a text. Ollama's clients do not say of what type they are."""
    pictures: list[Part] = []
    for place, data in enumerate(fields.items("images") or ()):
        if not isinstance(data, str):
            path = fields.path(f"images[{place}]")
            raise Fault("invalid_request", f"{path} must be a picture in base64.", param=path)
        known = next((kind for start, kind in _TYPES.items() if data.startswith(start)), "image/png")
        pictures.append(Image(media_type=known, data=data))
    return pictures


class MessageReader:
    """Reads the messages of one conversation, in order."""

    def __init__(self) -> None:
        self._open: list[ToolCall] = []
        """Calls whose results have not come."""

    def read(self, value: Any, place: int) -> Message:
        """One turn. Raises `Fault` `invalid_request`."""
        path = f"messages[{place}]"
        fields = Unpacked(value, path)
        role = _ROLES.get(fields.word("role"))
        if role is None:
            raise Fault(
                "invalid_request", f"{path}.role must be 'system', 'user', 'assistant' or 'tool'.", param=f"{path}.role"
            )
        text = fields.text("content") or ""
        said: list[Part] = [Text(text=text)] if text else []
        pictures = read_pictures(fields)
        if role is Role.TOOL:
            return self._result(fields, [*said, *pictures], place)
        thought = fields.word("thinking")
        thoughts: list[Part] = [Reasoning(text=thought)] if thought else []
        calls = [
            self._call(call, f"{path}.tool_calls[{index}]", f"call_{place}_{index}")
            for index, call in enumerate(fields.items("tool_calls") or ())
        ]
        parts = (*thoughts, *said, *pictures, *calls)
        return Message(role=role, parts=parts, plain=len(parts) == len(said), extra=_said(fields))

    def _call(self, value: Any, path: str, made: str) -> ToolCall:
        call = Unpacked(value, path)
        function = Unpacked(call.rest.pop("function", None), f"{path}.function")
        function.rest.pop("index", None)
        call.rest.pop("type", None)
        name, given = function.word("name"), function.object("arguments")
        made = call.word("id") or made
        rest = _said(function) | _said(call)
        read = ToolCall(id=made, name=name, parsed=given or {}, extra=rest)
        self._open.append(read)
        return read

    def _result(self, fields: Unpacked, content: list[Part], place: int) -> Message:
        own, name = fields.word("tool_call_id"), fields.word("tool_name") or fields.word("name")
        meant = next((call for call in self._open if call.id == own), None) if own else self._meant(name)
        if meant is not None:
            self._open.remove(meant)
        call_id = own or (meant.id if meant is not None else f"call_{place}")
        result = ToolResult(
            call_id=call_id,
            name=name or (meant.name if meant is not None else ""),
            content=tuple(content),
            plain=all(isinstance(part, Text) for part in content),
        )
        return Message(role=Role.TOOL, parts=(result,), extra=_said(fields))

    def _meant(self, name: str) -> ToolCall | None:
        """The call that a result without an id answers."""
        named = (call for call in self._open if call.name == name)
        return next(named, None) if name else next(iter(self._open), None)


def _said(fields: Unpacked) -> dict[str, Any]:
    """What is left over, without what says nothing."""
    return {name: value for name, value in fields.rest.items() if value not in (None, "", [], {})}
