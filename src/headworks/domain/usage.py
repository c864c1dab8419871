"""What an exchange consumed, in counts. Money is `money.py`'s."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Certainty(StrEnum):
    """How much a count is worth as evidence, best first."""

    REPORTED = "reported"
    """The provider said so."""
    ESTIMATED = "estimated"
    """Counted by us from what was delivered."""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Token counts of one attempt. Totals include their parts: `input` holds cached, written, audio and
    image tokens, `output` holds reasoning, audio and image tokens (OpenAI's way of counting; Anthropic's `input_tokens` is the rest after cache).
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """The part of `cache_write` that was written for an hour (Anthropic)."""
    reasoning: int = 0
    input_audio: int = 0
    cache_audio_read: int = 0
    output_audio: int = 0
    accepted_prediction: int = 0
    rejected_prediction: int = 0
    web_searches: int = 0
    images: int = 0
    """Pictures made."""
    citation: int = 0
    """The part of `output` that cites sources (Perplexity's deep research)."""
    searches: int = 0
    """Search units of a ranking: what Cohere bills instead of tokens."""
    pages: int = 0
    """Pages of documents that were read as pictures (OCR)."""
    annotated_pages: int = 0
    """The part of `pages` of which more was made than their text."""
    input_image: int = 0
    output_image: int = 0
    """The part of `output` that makes pictures."""
    characters: int = 0
    """Of a text that was spoken: what some bill instead of tokens."""
    audio_seconds: int = 0
    """Of sound that was heard: what some bill instead of tokens."""

    @property
    def plain(self) -> bool:
        """Nothing but text read and text written: no part has a price of its own."""
        return not (
            self.cache_read
            or self.cache_write
            or self.reasoning
            or self.input_audio
            or self.output_audio
            or self.web_searches
            or self.images
            or self.citation
            or self.searches
            or self.pages
            or self.input_image
            or self.output_image
            or self.characters
            or self.audio_seconds
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


NO_USAGE = Usage()
