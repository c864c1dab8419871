"""How long one connection is waited for: what the settings allow, and since when."""

from __future__ import annotations

from math import inf

from headworks.domain.errors import Fault
from headworks.domain.snapshot import EdgeSettings

PROBE_SECONDS = 5.0
"""Between two probes of a client that has shut down its sending side."""

_ALL = -1


class Patience:
    """One per connection. Times are monotonic seconds."""

    __slots__ = ("_answer_by", "_body_by", "_first_look", "_look", "_settings", "_taken", "_taken_at")

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self._look = settings.write_timeout / 4
        self._first_look = min(self._look, settings.request_timeout)
        self._answer_by = 0.0
        self._body_by = 0.0
        self._taken = _ALL
        """Bytes that the client had taken when last looked at; `_ALL` if that was all there was."""
        self._taken_at = 0.0

    def begin(self, now: float, *, body_complete: bool) -> float:
        """A request's turn has come. When it is to be looked at."""
        settings = self._settings
        self._answer_by = now + settings.request_timeout
        self._body_by = now + settings.body_timeout
        due = now + self._first_look
        return due if body_complete else min(due, self._body_by)

    def next_look(self, now: float, *, body_complete: bool, probing: bool) -> float:
        """When an answer under way is to be looked at again."""
        due = min(now + self._look, self._answer_by)
        if self._taken != _ALL:
            due = min(due, self._taken_at + self._settings.write_timeout)
        if not body_complete:
            due = min(due, self._body_by)
        return min(due, now + PROBE_SECONDS) if probing else due

    def overdue(self, now: float) -> Fault | None:
        """Why the answer is not waited for any longer."""
        if now < self._answer_by:
            return None
        seconds = self._settings.request_timeout
        return Fault(
            "total_timeout", f"The answer was not complete after {seconds:g} s (server.request_timeout). Ask for a shorter one."
        )

    def endless(self) -> None:
        """The answer may take as long as it likes: it is a conversation."""
        self._answer_by = inf

    def body_overdue(self, now: float) -> Fault | None:
        """Why the body is not waited for any longer."""
        if now < self._body_by:
            return None
        return Fault(
            "request_timeout",
            f"The body did not arrive within {self._settings.body_timeout:g} s (server.body_timeout). Send it faster.",
        )

    def wait_for_body(self, now: float) -> None:
        """The body is waited for as long again."""
        self._body_by = now + self._settings.body_timeout

    def stalled(self, now: float, sent: int, waiting: int) -> bool:
        """Whether the client has taken nothing for too long of what we have for it: of `sent` bytes `waiting` have not left."""
        if not waiting:
            self._taken = _ALL
            return False
        taken = sent - waiting
        if taken != self._taken:
            self._taken = taken
            self._taken_at = now
            return False
        return now - self._taken_at >= self._settings.write_timeout
