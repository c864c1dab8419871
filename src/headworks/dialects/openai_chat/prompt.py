"""All text of a question, for guards."""

from __future__ import annotations

import msgspec

from headworks.dialects.said import texts
from headworks.domain.call import Ask, Kind

_FIELDS = {
    Kind.CHAT: ("messages", "tools", "functions", "response_format", "prediction"),
    Kind.COMPLETIONS: ("prompt", "suffix"),
    Kind.EMBEDDINGS: ("input",),
    Kind.RERANK: ("query", "documents"),
    Kind.MODERATIONS: ("input",),
    Kind.IMAGES: ("prompt",),
    Kind.IMAGE_EDITS: ("prompt",),
    Kind.IMAGE_VARIATIONS: (),
    Kind.SPEECH: ("input", "instructions"),
    Kind.TRANSCRIPTIONS: ("prompt",),
    Kind.TRANSLATIONS: ("prompt",),
}
"""What a model reads of a request."""


def prompt_text(kind: Kind, ask: Ask) -> str:
    """Every text a caller wrote or gives back, one a line."""
    said = (msgspec.json.decode(ask.fields[name]) for name in _FIELDS[kind] if name in ask.fields)
    return "\n".join(text for value in said for text in texts(value))
