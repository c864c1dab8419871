"""Words that several files of this dialect share."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.events import StopReason

NAME = "gemini"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where bytes are not the JSON that was promised, or are nested too deeply."""

MADE_ID = "hwcall_"
"""How an id begins that was made for a call which Gemini gave none: it is left out when the call goes back."""

STOP_REASONS: Mapping[str, StopReason] = {
    "": StopReason.END,
    "STOP": StopReason.END,
    "FUNCTION_CALL": StopReason.TOOL_CALLS,  # of servers that are like Gemini's
    "MAX_TOKENS": StopReason.MAX_TOKENS,
    "SAFETY": StopReason.CONTENT_FILTER,
    "RECITATION": StopReason.CONTENT_FILTER,
    "BLOCKLIST": StopReason.CONTENT_FILTER,
    "PROHIBITED_CONTENT": StopReason.CONTENT_FILTER,
    "SPII": StopReason.CONTENT_FILTER,
    "MODEL_ARMOR": StopReason.CONTENT_FILTER,
    "IMAGE_SAFETY": StopReason.CONTENT_FILTER,
    "IMAGE_PROHIBITED_CONTENT": StopReason.CONTENT_FILTER,
    "IMAGE_RECITATION": StopReason.CONTENT_FILTER,
    "1": StopReason.END,
    "2": StopReason.MAX_TOKENS,
    "3": StopReason.CONTENT_FILTER,
}
"""`finishReason` → why it stopped. Some servers of Vertex AI send the enum's numbers."""

FINISH_REASONS: Mapping[StopReason, str] = {
    StopReason.END: "STOP",
    StopReason.MAX_TOKENS: "MAX_TOKENS",
    StopReason.STOP_SEQUENCE: "STOP",
    StopReason.TOOL_CALLS: "STOP",
    StopReason.CONTENT_FILTER: "SAFETY",
    StopReason.REFUSAL: "SAFETY",
    StopReason.PAUSE: "STOP",
    StopReason.CONTEXT_WINDOW: "MAX_TOKENS",
    StopReason.OTHER: "OTHER",
}
"""Why it stopped → Gemini's own words."""
