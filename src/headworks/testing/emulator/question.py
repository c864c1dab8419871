"""A request as the emulated model sees it, whatever wire it came on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

JsonObject = dict[str, Any]


class ToolMode(StrEnum):
    """Whether a tool must be called."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


class Offer(msgspec.Struct, frozen=True):
    """A tool on offer."""

    name: str
    description: str
    schema: JsonObject


class Attachments(msgspec.Struct, frozen=True):
    """What came besides text, in pieces."""

    images: int = 0
    documents: int = 0
    audio: int = 0

    def __add__(self, other: Attachments) -> Attachments:
        return Attachments(self.images + other.images, self.documents + other.documents, self.audio + other.audio)


class Block(msgspec.Struct, frozen=True):
    """A piece of the prompt, in order. `keep` is `5m` or `1h` where the caller asks that all up to its end be cached."""

    text: str
    tokens: int
    keep: str = ""


class CacheUse(msgspec.Struct, frozen=True):
    """Prompt tokens that came from the prompt cache or went into it. `written` includes `written_1h`."""

    read: int = 0
    written: int = 0
    written_1h: int = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides the answer. `prompt` is every word of the request in order, `last` those of the last user turn."""

    model: str
    prompt: str
    last: str
    prompt_tokens: int
    kind: str = "chat"
    stream: bool = False
    include_usage: bool = False
    offers: tuple[Offer, ...] = ()
    tool_mode: ToolMode = ToolMode.AUTO
    tool_named: str = ""
    parallel: bool | None = None
    tool_results: tuple[str, ...] = ()
    """What tools said in the last turn."""
    schema: JsonObject | None = None
    json_mode: bool = False
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    choices: int = 1
    thinks: bool = False
    attachments: Attachments = Attachments()
    cache: CacheUse = CacheUse()
    logprobs: bool = False
    begun: str = ""
    """What the answer begins with, and is not said again."""
    label: str = ""
    """What the caller calls itself (`user`, `metadata.user_id`)."""


class Rejection(Exception):
    """The request is not served: an error answer in the wire's own shape says why."""

    def __init__(self, status: int, kind: str, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.param = param
        self.code = code
        self.headers: tuple[tuple[str, str], ...] = ()
