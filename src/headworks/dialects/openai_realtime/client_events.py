"""What a client's events choose: models, features, storage; and how long answers may be."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

import msgspec

from headworks.dialects.fields import read_fields, refuse_variants
from headworks.domain.errors import Fault
from headworks.domain.foreign_fields import names_kept
from headworks.domain.governed import feature_of_tool
from headworks.domain.message import JsonObject
from headworks.domain.plain_json import read_plain

HEAVY = frozenset(("input_audio_buffer.append",))
"""Events of nothing but sound: passed on as they are."""
MOST_VALUES = 50_000
"""In one event. All of them are read here, on the loop."""
_GOVERNED = {"prompt": "prompt", "tracing": "store"}
"""Field of a session or of an answer asked for → feature."""
_SHAPES = {"session.update": "session", "response.create": "response"}
"""Where an event holds settings."""
_LENGTHS = ("max_output_tokens", "max_response_output_tokens")
"""What settings call the length of an answer, now and once."""
_EVENT = frozenset(("type", "item", *_SHAPES.values()))
_SETTINGS = frozenset(("model", "tools", "input", "audio", "input_audio_transcription", *_GOVERNED, *_LENGTHS))
_PART = frozenset(("type", "content", "file_id"))


def type_of(message: bytes) -> str:
    """The type of an event. Raises `Fault`: `invalid_json` where it is none, `duplicate_field` where it has a field twice."""
    try:
        return msgspec.json.decode(read_fields(message, _EVENT).get("type", b'""'), type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        raise _no_event(str(trouble)) from None
    except Fault as fault:
        raise _no_event(fault.message) if fault.code == "invalid_json" else fault from None


def read_event(message: bytes) -> JsonObject:
    """An event, decoded. Raises `Fault`: `invalid_json`; `invalid_request` where it holds too much; `duplicate_field`."""
    if message.count(b",") + message.count(b"[") + message.count(b"{") > MOST_VALUES:
        raise Fault("invalid_request", f"The event holds more than {MOST_VALUES} values. Send several smaller ones.")
    try:
        return read_plain(message.decode())
    except (ValueError, RecursionError) as trouble:
        raise _no_event(str(trouble)) from None


def uses(event: JsonObject) -> frozenset[str]:
    """The features that an event uses. Raises `Fault` `duplicate_field` where a name is written in another case than it should."""
    return frozenset(_uses(event))


def _uses(event: JsonObject) -> Iterator[str]:
    for settings in _settings(event):
        refuse_variants(settings, _SETTINGS)
        for field, feature in _GOVERNED.items():
            if settings.get(field):
                yield feature
        for tool in _list(settings.get("tools")):
            refuse_variants(tool, _PART)
            kind = str(tool.get("type") or "function")
            yield "tools" if kind == "function" else feature_of_tool(kind)
        for item in _list(settings.get("input")):
            yield from _of_item(item)
        if _transcribed(settings):
            yield "models"
    item = event.get("item")
    if isinstance(item, dict):
        yield from _of_item(item)


def _of_item(item: Mapping[str, Any]) -> Iterator[str]:
    refuse_variants(item, _PART)
    if str(item.get("type", "")).startswith("mcp"):
        yield "mcp"
    for part in _list(item.get("content")):
        refuse_variants(part, _PART)
        if part.get("type") == "input_image":
            yield "images"
            if part.get("file_id"):
                yield "files"
        elif part.get("type") == "input_audio":
            yield "audio"


def refuse_foreign(event: JsonObject) -> None:
    """Raise `unknown_id` where an event names what the provider keeps: all callers share its account."""
    shown = [event.get("item"), *(settings.get(name) for settings in _settings(event) for name in ("tools", "input", "prompt"))]
    if names_kept(shown):
        raise Fault(
            "unknown_id", "What a provider keeps cannot be named in a conversation. Send the content itself.", status=400
        )


def nameless(event: JsonObject, names: Container[str]) -> JsonObject:
    """The event without the model's name, which the upstream may know by another. Raises `Fault` where it is not one of `names`: the
    connection's address chooses the model.
    """
    for name in _SHAPES.values():
        settings = event.get(name)
        if isinstance(settings, dict) and "model" in settings:
            if settings["model"] and settings["model"] not in names:
                raise Fault(
                    "invalid_request",
                    "The model of a session is that of its address. Leave 'model' out, or open another session with ?model=….",
                    param="session.model",
                )
            event = {**event, name: {field: value for field, value in settings.items() if field != "model"}}
    return event


def capped(event: JsonObject, cap: int) -> JsonObject:
    """The event with answers no longer than `cap` tokens, where it says anything of answers."""
    name = _SHAPES.get(event.get("type", ""))
    if name is None:
        return event
    said = event.get(name)
    settings: JsonObject = said if isinstance(said, dict) else {}
    asked = [field for field in _LENGTHS if field in settings] or _LENGTHS[:1]
    shorter = {field: cap for field in asked if not _within(settings.get(field), cap)}
    return {**event, name: {**settings, **shorter}} if shorter else event


def keep_to(cap: int) -> bytes:
    """The event that keeps all answers of a session to so many tokens."""
    return msgspec.json.encode(
        {"type": "session.update", "session": {"type": "realtime", "max_output_tokens": cap}, "event_id": "headworks_cap"}
    )


def _within(asked: Any, cap: int) -> bool:
    return isinstance(asked, int) and not isinstance(asked, bool) and 0 < asked <= cap


def _settings(event: JsonObject) -> Iterator[JsonObject]:
    for name in _SHAPES.values():
        found = event.get(name)
        if isinstance(found, dict):
            yield found


def _transcribed(settings: JsonObject) -> bool:
    """Whether another model is to write down what is heard."""
    audio = settings.get("audio")
    heard = audio.get("input") if isinstance(audio, dict) else None
    nested = heard.get("transcription") if isinstance(heard, dict) else None
    return bool(nested or settings.get("input_audio_transcription"))


def _list(value: Any) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _no_event(trouble: str) -> Fault:
    return Fault("invalid_json", f"The message is no event: {trouble} Send one JSON object with a 'type' in each message.")
