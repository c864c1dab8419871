"""Counts in answers of any language that tells them in a way known here: OpenAI's two, Anthropic's, Gemini's, and pages read."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.anthropic import usage as anthropic
from headworks.dialects.counts import Count, read_form
from headworks.dialects.gemini import usage as gemini
from headworks.dialects.openai_chat import usage as openai_chat
from headworks.dialects.openai_responses import usage as openai_responses
from headworks.domain.message import JsonObject
from headworks.domain.target import Quirks
from headworks.domain.usage import Usage

_PLACES = ("usage", "usageMetadata", "usage_info")
_INSIDE = ("response", "message", "x_groq")
"""What of a stream's events holds an answer so far."""
_CACHED = frozenset(("cache_read_input_tokens", "cache_creation_input_tokens"))


class _Pages(msgspec.Struct):
    pages_processed: Count = None


class Told(msgspec.Struct):
    """What an answer, or the events of one so far, tell of themselves."""

    counts: JsonObject = {}
    model: str = ""
    id: str = ""
    annotated: bool = False
    """More is asked of documents than their text."""

    def hear(self, said: Any) -> None:
        """One document or event, decoded. A later count replaces an earlier one, unless it is silent."""
        for part in (said, *(said.get(name) for name in _INSIDE)) if isinstance(said, dict) else ():
            if isinstance(part, dict):
                self.model = self.model or _word(part.get("model"))
                self.id = self.id or _word(part.get("id"))
                for place in _PLACES:
                    counts = part.get(place)
                    if isinstance(counts, dict):
                        self.counts = {**self.counts, **{name: count for name, count in counts.items() if count}}

    @property
    def usage(self) -> Usage | None:
        """The counts; None where nothing that is known here was told."""
        counts = self.counts
        if "pages_processed" in counts:
            pages = read_form(counts, _Pages).pages_processed or 0
            return Usage(pages=pages, annotated_pages=pages if self.annotated else 0)
        if "promptTokenCount" in counts or "totalTokenCount" in counts:
            return gemini.read_usage(counts)
        if "prompt_tokens" in counts or ("total_tokens" in counts and "input_tokens" not in counts):
            return openai_chat.read_usage(counts, Quirks())
        if "input_tokens" not in counts and "output_tokens" not in counts:
            return None
        if _CACHED.isdisjoint(counts):
            return openai_responses.read_usage(counts)
        told = anthropic.counts_of(counts)
        return anthropic.read_usage(told) if told is not None else None


def _word(value: Any) -> str:
    return value[:256] if isinstance(value, str) else ""
