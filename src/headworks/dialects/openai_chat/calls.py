"""Tool calls of one choice, put together from deltas that providers number in different ways."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.openai_chat.open_parts import OpenParts
from headworks.domain.events import ArgumentsDelta, PartEnded, PartKind, PartStarted
from headworks.domain.message import JsonObject

_READ = frozenset(("index", "id", "type", "function"))
_NAMELESS = "unknown"


class _Call:
    """A call under way. It has no `part` until its name is known; `pieces` are its arguments so far."""

    __slots__ = ("id", "part", "pieces", "raw")

    def __init__(self, call_id: str, raw: JsonObject) -> None:
        self.id = call_id
        self.raw = raw
        self.part = -1
        self.pieces: list[str] = []


class ToolCalls:
    """Says which call a delta belongs to.

    OpenAI gives an index with every delta, id and name with the first. Others leave out the index (Mistral, Ollama, Gemini), use one
    index for several calls, repeat the id (TGI) or the name (watsonx), or give no id at all.
    """

    __slots__ = ("_answer_id", "_by_index", "_calls", "_parts", "seen")

    def __init__(self, parts: OpenParts, answer_id: str) -> None:
        self.seen = False
        self._parts = parts
        self._answer_id = answer_id
        self._calls: list[_Call] = []
        self._by_index: dict[Any, _Call] = {}

    def feed(self, deltas: list[Any]) -> None:
        """The `tool_calls` of one delta or message."""
        self._parts.leave()
        for delta in deltas:
            if delta.get("type") == "custom":
                self._parts.single(PartKind.OTHER, {"tool_calls": [delta]})
            else:
                self._feed(delta, delta.get("function") or {})

    def close(self) -> None:
        """The choice is over: all calls are complete."""
        for call in self._calls:
            if call.part < 0:
                self._start(call, _NAMELESS)
            self._parts.out.append(PartEnded(call.part, self._parts.choice))
        self._calls.clear()
        self._by_index.clear()

    def _feed(self, delta: JsonObject, function: JsonObject) -> None:
        name, arguments = function.get("name") or "", _text(function.get("arguments"))
        call = self._find(delta, name, arguments) or self._add(delta)
        if arguments:
            call.pieces.append(arguments)
        if call.part < 0 and name:
            self._start(call, name)
        elif call.part >= 0 and arguments:
            self._parts.out.append(ArgumentsDelta(call.part, arguments, self._parts.choice))

    def _find(self, delta: JsonObject, name: str, arguments: str) -> _Call | None:
        """The call that this delta goes on with; None for a new one."""
        index, call_id = delta.get("index"), delta.get("id") or ""
        last = self._calls[-1] if self._calls else None
        if index is None:
            return None if name or (last is not None and call_id and call_id != last.id) else last
        call = self._by_index.get(index)
        if call is None or not name:
            return call
        if call_id and call.id:
            return call if call_id == call.id else None
        return None if arguments and not call_id and _is_complete(call.pieces) else call

    def _add(self, delta: JsonObject) -> _Call:
        raw = {name: value for name, value in delta.items() if name not in _READ and value is not None}
        call = _Call(delta.get("id") or "", raw)
        self.seen = True
        self._calls.append(call)
        if delta.get("index") is not None:
            self._by_index[delta["index"]] = call
        return call

    def _start(self, call: _Call, name: str) -> None:
        parts = self._parts
        call.part = parts.take()
        call_id = call.id or self._made_up_id(call.part)
        parts.out.append(PartStarted(call.part, PartKind.TOOL_CALL, parts.choice, call_id=call_id, name=name, raw=call.raw))
        if call.pieces:
            parts.out.append(ArgumentsDelta(call.part, "".join(call.pieces), parts.choice))

    def _made_up_id(self, part: int) -> str:
        """For a call that came without: the same for the same answer, and unlike those of other turns."""
        tail = "".join(character for character in self._answer_id if character.isalnum())[-12:]
        return f"call_{tail}_{self._parts.choice}_{part}"


def _text(arguments: Any) -> str:
    """Arguments are JSON text; some servers send the object itself."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return msgspec.json.encode(arguments).decode()


def _is_complete(pieces: list[str]) -> bool:
    try:
        msgspec.json.decode("".join(pieces))
    except msgspec.DecodeError:
        return False
    return True
