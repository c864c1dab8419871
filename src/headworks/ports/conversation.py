"""A conversation over one connection that both sides write on as they like: relayed message by message, counted answer by answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.usage import Usage

Judge = Callable[[frozenset[str]], None]
"""Raises `Fault` where the caller may not use these features."""


class Passed(NamedTuple):
    """Bytes for the two sides."""

    to_client: bytes = b""
    to_upstream: bytes = b""


class Conversation(Protocol):
    """One session, after both handshakes, sans-IO. Bytes come in any cuts; nothing here raises for what either side sends."""

    usage: Usage
    """Of all answers so far, as reported."""
    answers: int
    """That have ended."""
    over: bool
    """Both sides are to be closed once they have what was written for them."""
    fault: Fault | None
    """Why it ended, where it did not end as it should."""
    served_model: str
    upstream_id: str

    def from_client(self, data: bytes) -> Passed:
        """What the client has sent."""
        ...

    def from_upstream(self, data: bytes) -> Passed:
        """What the upstream has sent."""
        ...

    def end(self, fault: Fault, request_id: str) -> Passed:
        """Tell the client why, and say goodbye to both."""
        ...

    def ping(self) -> Passed:
        """Keeps what lies between from forgetting a silent connection."""
        ...

    def unended(self) -> Usage:
        """Of the answers under way, estimated: what they read, and what of them was passed to the client."""
        ...


class Opening(msgspec.Struct, frozen=True):
    """How an upstream is asked for one: header lines, each ended by CRLF, and what it has to accept them with."""

    lines: bytes
    accept: bytes
    conversation: Conversation
