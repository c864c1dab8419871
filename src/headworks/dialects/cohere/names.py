"""Words of Cohere's language that more than one file needs."""

from __future__ import annotations

import msgspec

from headworks.domain.events import StopReason

NAME = "cohere"
LEFT_OUT = "left out: not expressible in Cohere's language"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where bytes are not the JSON that was promised, or are nested too deeply."""

STOP_REASONS = {
    "COMPLETE": StopReason.END,
    "STOP_SEQUENCE": StopReason.STOP_SEQUENCE,
    "MAX_TOKENS": StopReason.MAX_TOKENS,
    "TOOL_CALL": StopReason.TOOL_CALLS,
    "ERROR_TOXIC": StopReason.CONTENT_FILTER,
    "ERROR_LIMIT": StopReason.CONTEXT_WINDOW,
}
FINISH_REASONS = {
    **{reason: word for word, reason in STOP_REASONS.items()},
    StopReason.CONTEXT_WINDOW: "MAX_TOKENS",
    StopReason.REFUSAL: "ERROR_TOXIC",
    StopReason.PAUSE: "COMPLETE",
    StopReason.OTHER: "COMPLETE",
}
"""Why it stopped → Cohere's word for it: of those that v2 lists, wherever one fits."""
FAILURES = frozenset(("ERROR", "TIMEOUT"))
"""Reasons to stop that are none: the answer is not what the model had to say."""

PLAN = "tool_plan"
"""What is said before calls, in a field of its own. Of a text in canonical form: that it stood there."""
SIGNATURE = "signature"
"""Where a thought carries the seal of a model of another provider. Cohere's own thoughts have none."""

TASKS = {
    "search_query": "RETRIEVAL_QUERY",
    "search_document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
"""`input_type` → what vectors are for, in canonical form."""
