"""Revisions of the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.revisions import (
    ApplyAsked,
    Outcome,
    RevisionDiff,
    RevisionListing,
    RevisionText,
    RevisionView,
    RollbackAsked,
)

_PATH = "/config/revisions"


class Revisions:
    """`number` None is the active one. Changes take the number that was active when they were thought of, 0 being none; None applies them
    whatever is active.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[RevisionView]:
        """All of them, newest first."""
        return self._wire.pages(_PATH, RevisionListing)

    def read(self, number: int | None = None) -> RevisionText:
        """With its document."""
        return self._wire.ask(Request(method="GET", path=_place(number)), RevisionText)

    def diff(self, number: int | None = None, *, against: int | None = None) -> RevisionDiff:
        """From `against`, or else the one before, to this one."""
        request = Request(method="GET", path=f"{_place(number)}/diff", query={"against": against})
        return self._wire.ask(request, RevisionDiff)

    def apply(self, asked: ApplyAsked, *, based_on: int | None, idempotency_key: str | None = None) -> Outcome:
        """Make a document the active revision."""
        return self._put(_PATH, asked, based_on, idempotency_key)

    def rollback(
        self, number: int, asked: RollbackAsked, *, based_on: int | None, idempotency_key: str | None = None
    ) -> Outcome:
        """Make an earlier document active again."""
        return self._put(f"{_place(number)}/rollback", asked, based_on, idempotency_key)

    def _put(self, path: str, asked: ApplyAsked | RollbackAsked, based_on: int | None, idempotency_key: str | None) -> Outcome:
        request = Request(method="POST", path=path, body=asked, version=based_on, locks=True, idempotency_key=idempotency_key)
        return self._wire.ask(request, Outcome)


def _place(number: int | None) -> str:
    return f"{_PATH}/{'active' if number is None else number}"
