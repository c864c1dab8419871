"""What a provider calls the request, for its support and for `headworks explain`: a header, whichever name the provider gives it."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.dialects.redaction import without

HEADERS = (
    *(b"request-id", b"x-request-id", b"apim-request-id", b"x-ms-request-id", b"x-amzn-requestid"),
    *(b"mistral-correlation-id", b"x-generation-id", b"x-ds-trace-id", b"x-debug-trace-id", b"inference-id"),
)
"""As recorded traffic has them, the first that is there counts."""
LONGEST = 128


def read_request_id(headers: Sequence[tuple[bytes, bytes]], secrets: tuple[bytes, ...] = ()) -> str:
    """The id that an answer's headers tell, without these secrets; empty where they tell none."""
    told = dict(reversed(headers))
    return next((without(told[name], secrets).decode("latin-1")[:LONGEST] for name in HEADERS if told.get(name)), "")
