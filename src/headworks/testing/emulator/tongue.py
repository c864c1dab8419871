"""What a provider must be able to say in each wire language besides answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from headworks.testing.emulator.allowance import Grant
from headworks.testing.emulator.draft import Draft
from headworks.testing.emulator.question import JsonObject, Question, Rejection
from headworks.testing.emulator.trouble import Trouble

Header = tuple[str, str]


class Grants(msgspec.Struct, frozen=True):
    """What the rate limits leave, and the wall clock in seconds."""

    requests: Grant
    tokens: Grant
    wall: float


class Tongue(Protocol):
    """One wire language, from the provider's side."""

    def key_in(self, headers: Mapping[str, str]) -> str:
        """The API key sent, or nothing."""
        ...

    def bad_key(self, key: str) -> Rejection:
        """A key that opens nothing."""
        ...

    def unknown_model(self, model: str) -> Rejection:
        """No such model here."""
        ...

    def too_long(self, question: Question, window: int) -> Rejection:
        """The prompt and the answer do not fit the context window."""
        ...

    def throttled(self, grant: Grant, what: str) -> Rejection:
        """A rate limit is used up. `what` is `requests` or `tokens`."""
        ...

    def troubled(self, trouble: Trouble) -> Rejection:
        """An `error` trouble."""
        ...

    def nowhere(self, method: str, path: str) -> Rejection:
        """No such endpoint."""
        ...

    def read(self, body: JsonObject, path: str) -> Question:
        """A request for a text. Raises `Rejection`."""
        ...

    def whole(self, draft: Draft, question: Question) -> bytes:
        """A whole answer."""
        ...

    def stream(self, draft: Draft, question: Question) -> Iterator[tuple[bytes, int]]:
        """The events of an answer with the tokens that each brings."""
        ...

    def rejected(self, rejection: Rejection, request_id: str) -> bytes:
        """The body of an error answer."""
        ...

    def rejected_event(self, rejection: Rejection, request_id: str) -> bytes:
        """An error in the midst of a stream."""
        ...

    def models(self, names: Sequence[str]) -> bytes:
        """The list of models."""
        ...

    def model(self, name: str) -> bytes:
        """One entry of it."""
        ...

    def headers(self, request_id: str, grants: Grants) -> list[Header]:
        """Headers that every answer has."""
        ...
