"""What a client's events choose: models, features, storage; and how long answers may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.governed import feature_of_tool
from headworks.domain.message import JsonObject

HEAVY = frozenset(("input_audio_buffer.append",))
"""Events of nothing but sound: passed on as they are."""
_GOVERNED = {"prompt": "prompt", "tracing": "store"}
"""Field of a session or of an answer asked for → feature."""
_SHAPES = ("session", "response")
"""Where an event holds settings."""
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class _Marked(msgspec.Struct):
    type: str = ""


_mark = msgspec.json.Decoder(_Marked).decode


def kind_of(message: bytes) -> str:
    """The type of an event. Raises `Fault` `invalid_json` where it is none."""
    try:
        return _mark(message).type
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        raise _no_event(trouble) from None


def read_event(message: bytes) -> JsonObject:
    """An event, decoded. Raises `Fault` `invalid_json`."""
    try:
        return _decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
        raise _no_event(trouble) from None


def uses(event: JsonObject) -> frozenset[str]:
    """The features that an event uses. Raises `Fault` where it asks for another model: the connection's address chooses that."""
    return frozenset(_uses(event))


def _uses(event: JsonObject) -> Iterator[str]:
    for settings in _settings(event):
        if settings.get("model"):
            raise Fault(
                "invalid_request",
                "The model of a session is that of its address. Leave 'model' out, or open another session with ?model=….",
                param="session.model",
            )
        for field, feature in _GOVERNED.items():
            if settings.get(field):
                yield feature
        for tool in _list(settings.get("tools")):
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
    if str(item.get("type", "")).startswith("mcp"):
        yield "mcp"
    for part in _list(item.get("content")):
        if part.get("type") == "input_image":
            yield "images"
            if part.get("file_id"):
                yield "files"
        elif part.get("type") == "input_audio":
            yield "audio"


def capped(event: JsonObject, cap: int) -> JsonObject | None:
    """The event with answers no longer than `cap` tokens; None where they are none, or it says nothing of that."""
    name = next((name for name in _SHAPES if isinstance(event.get(name), dict)), "response")
    if event.get("type") not in ("session.update", "response.create"):
        return None
    settings: JsonObject = event.get(name) or {}
    asked = settings.get("max_output_tokens")
    if isinstance(asked, int) and 0 < asked <= cap:
        return None
    return {**event, name: {**settings, "max_output_tokens": cap}}


def keep_to(cap: int) -> bytes:
    """The event that keeps all answers of a session to so many tokens."""
    return msgspec.json.encode(
        {"type": "session.update", "session": {"type": "realtime", "max_output_tokens": cap}, "event_id": "headworks_cap"}
    )


def _settings(event: JsonObject) -> Iterator[JsonObject]:
    for name in _SHAPES:
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


def _no_event(trouble: Exception) -> Fault:
    return Fault("invalid_json", f"The message is no event: {trouble}. Send one JSON object with a 'type' in each message.")
