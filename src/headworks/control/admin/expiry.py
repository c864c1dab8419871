"""When something new ends: not before it has begun."""

from __future__ import annotations

from datetime import datetime

from headworks.control.admin.operation import Act
from headworks.control.admin.problems import Refusal
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import wall_of


def checked_expiry(act: Act, when: datetime | None) -> int:
    """Wall-clock nanoseconds; 0: never. Raises `Refusal` for what could not be used for a moment."""
    at = wall_of(when)
    if 0 < at <= act.now():
        detail = "That is over already: it could never be used. Give a time to come, or leave it out."
        raise Refusal("invalid", detail, errors=[Mistake(detail=detail, pointer="/expires_at")])
    return at
