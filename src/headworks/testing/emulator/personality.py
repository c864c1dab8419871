"""What an emulated provider is like: the settings of one. Everything has a default; times are seconds, sizes tokens."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from headworks.testing.engine import EngineModel


class Wire(StrEnum):
    """A wire language that the emulator speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast it answers. Both times are drawn from lognormal distributions with these medians; 0 means «at once»."""

    first_token: float = 0.35
    """Median seconds to the first token."""
    first_token_spread: float = 0.35
    """Standard deviation of its logarithm."""
    tokens_per_second: float = 70.0
    spread: float = 0.25
    """Standard deviation of the logarithm of the time between two tokens."""


INSTANT = Pace(first_token=0.0, tokens_per_second=0.0)
"""No waiting at all: for tests."""


class Canned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One prebuilt answer for everything, almost free of CPU: for benchmarks.

    A stream has `chunks` content chunks, one each `interval` seconds (0: all at once). The text of each is the monotonic time in
    nanoseconds at which it was written, so that whoever receives it on the same machine knows how long it took.
    """

    answer_bytes: int = 1024
    """Size of a whole answer's text."""
    chunks: int = 50
    interval: float = 0.02


class Personality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider of an emulator.

    `port` None means the emulator's main port, 0 a free one of its own. Several may share a port under different `prefix`es.
    With neither `keys` nor `needs_key` anybody is let in; with `needs_key` alone any key will do.
    """

    name: str = "emulated"
    speak: tuple[Wire, ...] = (Wire.OPENAI, Wire.ANTHROPIC)
    port: int | None = None
    prefix: str = ""
    models: tuple[str, ...] = ()
    """Names it answers to; none means any."""
    keys: tuple[str, ...] = ()
    needs_key: bool = True
    seed: int = 0
    """The same prompt gets the same text from the same seed."""
    pace: Pace = INSTANT
    answer_tokens: int = 60
    """Median length of an answer in prose."""
    context_window: int = 200_000
    thinks: bool = False
    """Reasons before every answer, asked or not."""
    reasoning_field: str = ""
    """Where OpenAI-shaped answers show their reasoning (`reasoning_content`, `reasoning`). Empty: only its tokens are counted."""
    cache_floor: int = 1024
    """Shortest prompt prefix that is remembered, in tokens."""
    requests_per_minute: int = 10_000
    tokens_per_minute: int = 2_000_000
    enforce_limits: bool = False
    """Answer 429 beyond the two above; otherwise they only show in headers."""
    strict_params: bool = False
    """Reject unknown top-level parameters."""
    troubles: tuple[str, ...] = ()
    """What goes wrong, each written as in `trouble.py`."""
    cert_file: str = ""
    key_file: str = ""
    """Both set: the port speaks TLS."""
    canned: Canned | None = None
    engine: EngineModel | None = None
    """Answers take the time that an engine with a queue and a prefix cache takes, of `max_tokens`, not the pace; and `/metrics` tells of it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole emulator. `port` 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    providers: tuple[Personality, ...] = (Personality(),)
    remember: int = 100_000
    """Exchange ids and exchanges kept for `/_emulator/exchanges`, the latest."""
