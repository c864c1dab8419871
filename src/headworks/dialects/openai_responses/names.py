"""Words of the Responses language that more than one file needs."""

from __future__ import annotations

import msgspec

NAME = "openai_responses"

FORWARD = frozenset((b"traceparent", b"tracestate", b"openai-beta", b"http-referer", b"x-title", b"x-grok-conv-id"))
"""Client headers that travel on: tracing, feature switches, and what providers attribute or cache by."""
ANSWER = frozenset((b"openai-processing-ms", b"openai-version"))
"""Upstream headers that travel back. Its rate limits do not: they are of a credential that tenants share."""

ENCRYPTED = "reasoning.encrypted_content"
"""In `include`: reasoning in a form that can be given back."""
LIKELY = "message.output_text.logprobs"
"""In `include`: how likely each token was."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where bytes are not the JSON that was promised, or are nested too deeply."""
