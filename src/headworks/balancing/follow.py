"""Follows an attempt for the simple strategies: how soon the target answers, and what it says of its limits."""

from __future__ import annotations

from headworks.balancing.headroom import Headroom, Mark
from headworks.balancing.recent import Recent
from headworks.domain.dispatch import Dispatch
from headworks.domain.envelope import Envelope
from headworks.domain.errors import Blame, Fault
from headworks.domain.reply import HeaderList
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock

FAILED = 5.0
"""Seconds that a failure counts for beyond those it took: to fail fast is not to be fast."""


class Follower:
    """`domain.dispatch.Dispatch` of one attempt."""

    __slots__ = ("_began", "_clock", "_envelope", "_headroom", "_mark", "_recent", "_sent_at", "_target")

    def __init__(self, target: Target, envelope: Envelope, recent: Recent, headroom: Headroom, clock: Clock) -> None:
        self._target = target
        self._envelope = envelope
        self._recent = recent
        self._headroom = headroom
        self._clock = clock
        self._sent_at = 0.0
        self._began = False
        self._mark: Mark | None = None

    def sent(self) -> None:
        """See `Dispatch`."""
        now = self._sent_at = self._clock.now()
        envelope = self._envelope
        self._mark = self._headroom.sent(self._target.name, envelope.prompt_tokens + envelope.output_tokens, now)

    def headed(self, status: int, headers: HeaderList) -> None:  # noqa: ARG002 - limits are told with every status
        """See `Dispatch`."""
        self._headroom.heard(self._target.name, headers, self._clock.now(), self._mark)

    def began(self) -> None:
        """See `Dispatch`."""
        self._began = True
        self._recent.hear(self._target, self._clock.now() - self._sent_at, streamed=True)

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:  # noqa: ARG002 - what it used says nothing of its pace
        """See `Dispatch`."""
        streamed = self._envelope.streamed
        seconds = self._clock.now() - self._sent_at
        if fault is None and not streamed:
            self._recent.hear(self._target, seconds, streamed=False)
        elif fault is not None and fault.row.blame is Blame.UPSTREAM and not self._began:
            self._recent.hear(self._target, seconds + FAILED, streamed=streamed)


class Together:
    """Two who follow the same attempt."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Dispatch, second: Dispatch) -> None:
        self._first = first
        self._second = second

    def sent(self) -> None:
        """See `Dispatch`."""
        self._first.sent()
        self._second.sent()

    def headed(self, status: int, headers: HeaderList) -> None:
        """See `Dispatch`."""
        self._first.headed(status, headers)
        self._second.headed(status, headers)

    def began(self) -> None:
        """See `Dispatch`."""
        self._first.began()
        self._second.began()

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:
        """See `Dispatch`."""
        self._first.ended(fault, usage)
        self._second.ended(fault, usage)
