"""An answer as the emulated model gives it, whatever wire it leaves on."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from headworks.testing.emulator.question import CacheUse


class Finish(StrEnum):
    """Why a choice ended."""

    END = "end"
    LENGTH = "length"
    STOP = "stop"
    TOOLS = "tools"
    REFUSED = "refused"


class Thought(msgspec.Struct, frozen=True):
    """Reasoning. `sealed` has no text for the caller, only its signature."""

    pieces: tuple[str, ...]
    signature: str = ""
    sealed: bool = False


class Saying(msgspec.Struct, frozen=True):
    """Text for the caller."""

    pieces: tuple[str, ...]


class ToolUse(msgspec.Struct, frozen=True):
    """A call of a tool; joined, the pieces are its arguments as JSON."""

    id: str
    name: str
    pieces: tuple[str, ...]


Span = Thought | Saying | ToolUse


class Choice(msgspec.Struct, frozen=True):
    """One of the answers asked for."""

    spans: tuple[Span, ...]
    finish: Finish
    stop_sequence: str | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer. `created` is in seconds since the epoch."""

    id: str
    model: str
    created: int
    choices: tuple[Choice, ...]
    prompt_tokens: int
    cache: CacheUse = CacheUse()

    @property
    def output_tokens(self) -> int:
        """All tokens written, reasoning included; at least one."""
        return max(1, sum(len(span.pieces) for choice in self.choices for span in choice.spans))

    @property
    def reasoning_tokens(self) -> int:
        """Those of them that were reasoning."""
        return sum(len(span.pieces) for choice in self.choices for span in choice.spans if isinstance(span, Thought))
