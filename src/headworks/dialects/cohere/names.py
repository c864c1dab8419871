"""Words of Cohere's language that more than one file needs."""

from __future__ import annotations

from headworks.domain.events import StopReason

NAME = "cohere"
LEFT_OUT = "left out: not expressible in Cohere's language"

STOP_REASONS = {
    "COMPLETE": StopReason.END,
    "STOP_SEQUENCE": StopReason.STOP_SEQUENCE,
    "MAX_TOKENS": StopReason.MAX_TOKENS,
    "TOOL_CALL": StopReason.TOOL_CALLS,
    "ERROR_TOXIC": StopReason.CONTENT_FILTER,
    "ERROR_LIMIT": StopReason.CONTEXT_WINDOW,
}
FAILURES = frozenset(("ERROR", "TIMEOUT"))
"""Reasons to stop that are none: the answer is not what the model had to say."""
