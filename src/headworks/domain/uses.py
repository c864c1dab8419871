"""What a request uses, read to the last part: for callers from whom an ordinary feature was taken.

What dialects note of a request by the way (`Ask.features`) looks for marks in undecoded bytes: quick, good for estimates, and to be evaded
by a caller who writes the same in other bytes. This reads it as a provider would. Only narrowed callers pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

import msgspec

from headworks.domain.errors import Fault

_FIELDS: dict[str, str] = {
    "tools": "tools",
    "functions": "tools",  # OpenAI's older name for them
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "reasoning_effort": "reasoning",
    "reasoning": "reasoning",
    "thinking": "reasoning",
    "enable_thinking": "reasoning",
    "think": "reasoning",
    "audio": "audio_out",
    **dict.fromkeys(("image", "image_url", "images"), "images"),
    **dict.fromkeys(("file", "file_url"), "audio"),
    "response_format": "json_schema",
    "output_format": "json_schema",
    "output_config": "json_schema",
}
"""Top-level field → feature."""
_STRUCTURED = frozenset(name for name, feature in _FIELDS.items() if feature == "json_schema")
_TALK = ("messages", "system", "input", "inputs")
_PLAIN_PARTS = frozenset(
    (
        *("text", "input_text", "output_text", "refusal", "thinking", "redacted_thinking", "reasoning"),
        *("tool_use", "tool_result", "tool_call", "function", "message"),
        *("server_tool_use", "web_search_tool_result"),  # an answer's own, sent back
    )
)
_PARTS: dict[str, str] = {
    **dict.fromkeys(("image", "image_url", "input_image", "images"), "images"),
    **dict.fromkeys(("audio", "input_audio", "audio_url"), "audio"),
    **dict.fromkeys(("video", "video_url", "input_video"), "video"),
    **dict.fromkeys(("file", "input_file", "file_data", "file_url", "document", "document_url", "search_result"), "documents"),
}
"""Type of a part, or a key of a part or a message → feature."""

_decode: Callable[[bytes], object] = msgspec.json.Decoder().decode


def ordinary_uses(fields: Mapping[str, bytes]) -> Iterator[str]:
    """The ordinary features that the undecoded top-level fields of a request use; of a part that nobody here knows, its own type."""
    for name, feature in _FIELDS.items():
        if name in fields and _asks(name, _read(name, fields[name])):
            yield feature
    if "modalities" in fields and "audio" in str(_read("modalities", fields["modalities"])):
        yield "audio_out"
    if "messages" in fields and "documents" in fields and _read("documents", fields["documents"]):
        yield "documents"  # Cohere's, beside the talk; those of a ranking are what it is about
    if "format" in fields and _members(_read("format", fields["format"])):
        yield "json_schema"  # Ollama's: the schema itself
    for name in _TALK:
        if name in fields:
            yield from _in_parts(_read(name, fields[name]))


def _asks(name: str, value: object) -> bool:
    """Whether a value asks for something."""
    if name in _STRUCTURED:
        return _has_schema(value)
    return bool(value) and value != "none" and _members(value).get("type") != "disabled"


def _has_schema(value: object) -> bool:
    """`{type: json_schema}` or Cohere's `{json_schema: …}`, alone or as the `format` of something."""
    told = _members(value)
    return bool(told) and (
        told.get("type") == "json_schema" or bool(told.get("json_schema")) or _has_schema(told.get("format"))
    )


def _in_parts(talk: object) -> Iterator[str]:
    waiting = [talk]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += cast("list[object]", value)
        elif part := _members(value):
            yield from _of_part(part)
            waiting.append(part.get("content"))


def _of_part(part: dict[str, object]) -> Iterator[str]:
    kind = part.get("type")
    if isinstance(kind, str) and kind not in _PLAIN_PARTS:
        yield _PARTS.get(kind, kind)
    for key, value in part.items():
        if value and key in _PARTS:
            yield _PARTS[key]


def _members(value: object) -> dict[str, object]:
    """Of an object; of anything else none."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _read(name: str, raw: bytes) -> object:
    try:
        return _decode(bytes(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault("invalid_json", f"'{name}' cannot be read. Send plain JSON, less deeply nested.", param=name) from None
