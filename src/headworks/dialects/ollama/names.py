"""Words of Ollama's language that more than one file needs."""

from __future__ import annotations

import msgspec

from headworks.domain.events import StopReason

NAME = "ollama"
LEFT_OUT = "left out: not expressible in Ollama's language"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

STOP_REASONS = {
    "stop": StopReason.END,
    "length": StopReason.MAX_TOKENS,
    "content_filter": StopReason.CONTENT_FILTER,
    "refusal": StopReason.REFUSAL,
}
"""Ollama's own models refuse nothing but in words; the last two are what clients are told of others', whose answers must not look complete."""
DONE_REASONS = {reason: word for word, reason in STOP_REASONS.items()} | {StopReason.CONTEXT_WINDOW: "length"}

OWN_FIELDS = ("keep_alive", "options")
"""Ollama's own fields that clients of other languages may say beside theirs."""
