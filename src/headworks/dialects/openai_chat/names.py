"""Words of the Chat Completions language that more than one file needs."""

from __future__ import annotations

from headworks.domain.events import StopReason

NAME = "openai_chat"

FORWARD = frozenset((b"traceparent", b"tracestate", b"openai-beta", b"http-referer", b"x-title", b"x-grok-conv-id"))
"""Client headers that travel on: tracing, feature switches, and what providers attribute or cache by."""

ANSWER = frozenset((b"openai-processing-ms", b"openai-version"))
"""Upstream headers that travel back. Its rate limits do not: they are of a credential that tenants share."""

STOP_REASONS = {
    "stop": StopReason.END,
    "length": StopReason.MAX_TOKENS,
    "tool_calls": StopReason.TOOL_CALLS,
    "function_call": StopReason.TOOL_CALLS,
    "content_filter": StopReason.CONTENT_FILTER,
    "eos": StopReason.END,
    "eos_token": StopReason.END,
    "end_turn": StopReason.END,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "max_tokens": StopReason.MAX_TOKENS,
    "model_length": StopReason.CONTEXT_WINDOW,
    "model_context_window_exceeded": StopReason.CONTEXT_WINDOW,
    "tool_use": StopReason.TOOL_CALLS,
    "sensitive": StopReason.CONTENT_FILTER,
    "refusal": StopReason.REFUSAL,
}
"""Every provider's `finish_reason` → why it stopped."""

FINISH_REASONS = {
    StopReason.END: "stop",
    StopReason.MAX_TOKENS: "length",
    StopReason.STOP_SEQUENCE: "stop",
    StopReason.TOOL_CALLS: "tool_calls",
    StopReason.CONTENT_FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
    StopReason.PAUSE: "stop",
    StopReason.CONTEXT_WINDOW: "length",
    StopReason.OTHER: "stop",
}
"""Why it stopped → OpenAI's own words."""
