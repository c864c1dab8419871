"""What the line of a request says beside its endpoint: which model or thing, and in what form the answer is wanted."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Form(StrEnum):
    """How the answer is wanted, where the path or the kind of request says it and no plain `stream` of the body."""

    ASKED = "asked"
    """The body says it."""
    WHOLE = "whole"
    EVENTS = "events"
    """A stream of server-sent events."""
    ARRAY = "array"
    """A stream that makes one JSON array in the end (Gemini's, without `alt=sse`)."""
    LINES = "lines"
    """If a stream, one of JSON objects, each a line (Ollama's)."""
    TOLD = "told"
    """As the head of the answer says: events, JSON or text."""
    BYTES = "bytes"
    """As the provider sends it, under the content type that it names: sound."""


class Where(msgspec.Struct, frozen=True):
    """`subject` is what the path names: a model, an id. `query` are parameters that travel on, as they came.

    Of a request that is only carried `subject` is all that follows the prefix, undecoded, its query included, and `method` HTTP's.
    """

    subject: str = ""
    form: Form = Form.ASKED
    query: tuple[tuple[str, str], ...] = ()
    method: str = ""


NOWHERE = Where()
"""A line that says nothing more."""
