"""What the admin API says when it does not do what was asked: one table of problems (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from headworks.domain.administration.wire.problem import Mistake, Problem

URN = "urn:headworks:problem:"
MEDIA_TYPE = "application/problem+json"


class Row(NamedTuple):
    """One kind of problem."""

    status: int
    title: str


PROBLEMS: dict[str, Row] = {
    "malformed": Row(400, "The request cannot be read"),
    "host_refused": Row(400, "This is not a name of the control plane"),
    "not_signed_in": Row(401, "Nobody is signed in"),
    "not_allowed": Row(403, "Not allowed"),
    "beyond_your_powers": Row(403, "More than you hold yourself"),
    "set_from_above": Row(403, "Set by whoever administers the party above"),
    "origin_refused": Row(403, "Sent by a page of another site"),
    "csrf": Row(403, "Not known to come from the console"),
    "not_found": Row(404, "There is no such thing within your reach"),
    "method": Row(405, "Not done with this method"),
    "conflict": Row(409, "In conflict with what is there"),
    "under_way": Row(409, "The same request is under way"),
    "stale": Row(412, "Changed by somebody else meanwhile"),
    "too_large": Row(413, "Too large"),
    "not_json": Row(415, "Not JSON"),
    "invalid": Row(422, "Something is wrong with what was sent"),
    "key_reused": Row(422, "Another request had this idempotency key"),
    "unlocked": Row(428, "Say which version you have read"),
    "too_many": Row(429, "Too many attempts"),
    "failed": Row(500, "That went wrong here"),
    "unavailable": Row(503, "Not available now"),
}
"""Code → status and title. The code is the end of the problem's `type`."""


class Refusal(Exception):
    """A problem on its way out. `detail` tells its reader what to do."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mistake] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """`facts`: what the audit notes besides, should this be a denial."""
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})

    @property
    def status(self) -> int:
        """Of the answer."""
        return PROBLEMS[self.code].status

    def problem(self, instance: str) -> Problem:
        """As it is told."""
        row = PROBLEMS[self.code]
        return Problem(
            type=URN + self.code, title=row.title, status=row.status, detail=self.detail, instance=instance, errors=self.errors
        )
