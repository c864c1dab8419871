"""Ids of tool calls as a provider wants them that takes one length alone: turns that another model had are refused otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from headworks.domain.message import JsonObject

_TURNS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_CALLS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]] | None)
_ID = msgspec.json.Decoder(str | None)
_MARK = b'"tool_call'
"""How the fields of calls and of results begin."""


def fitted(call_id: str, length: int) -> str:
    """The same for the same id, in so many letters and digits; empty for none."""
    fits = len(call_id) == length and call_id.isascii() and call_id.isalnum()
    return call_id if fits or not call_id else sha256(call_id.encode()).hexdigest()[:length]


def fit_written(messages: Iterable[JsonObject], length: int) -> None:
    """Change the ids in messages that were written here."""
    for message in messages:
        for call in message.get("tool_calls") or ():
            if "id" in call:
                call["id"] = fitted(call["id"], length)
        if message.get("tool_call_id"):
            message["tool_call_id"] = fitted(message["tool_call_id"], length)


def fit_carried(messages: msgspec.Raw, length: int) -> msgspec.Raw:
    """Messages on their way through, with other ids where they need some: all else keeps its bytes."""
    if _MARK not in bytes(messages):
        return messages
    try:
        turns = _TURNS.decode(messages)
        for turn in turns:
            if "tool_call_id" in turn:
                turn["tool_call_id"] = _fitted(turn["tool_call_id"], length)
            calls = _CALLS.decode(turn["tool_calls"]) if "tool_calls" in turn else None
            if calls:
                fit = [call | {"id": _fitted(call["id"], length)} if "id" in call else call for call in calls]
                turn["tool_calls"] = msgspec.Raw(msgspec.json.encode(fit))
    except msgspec.DecodeError:
        return messages  # not what it should be: its provider says so best
    return msgspec.Raw(msgspec.json.encode(turns))


def _fitted(raw: msgspec.Raw, length: int) -> msgspec.Raw:
    call_id = _ID.decode(raw)
    return raw if call_id is None else msgspec.Raw(msgspec.json.encode(fitted(call_id, length)))
