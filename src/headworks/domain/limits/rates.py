"""Rates as pure arithmetic: the generic cell rate algorithm, in whole microseconds.

Its only state is one theoretical arrival time `at`. A rate is `limit` units per `period`, with a full period's worth as burst. What
it admits within any stretch of time t is at most `limit + t·limit/period`. Times are rounded against the caller, by less than a
microsecond a time.
"""

from __future__ import annotations


def free_of(at: int, now: int, limit: int, period: int) -> int:
    """Units that would pass now."""
    if at <= now:
        return limit
    return max(0, (period - at + now) * limit // period)


def wait_for(amount: int, at: int, now: int, limit: int, period: int) -> int:
    """Microseconds until `amount` would pass; 0 or less if now. Of no use for more than `limit`: that never passes."""
    ahead = at - now if at > now else 0
    return ahead - (-amount * period // limit) - period


def after_taking(amount: int, at: int, now: int, limit: int, period: int) -> int:
    """The new theoretical arrival time."""
    return (at if at > now else now) - (-amount * period // limit)  # noqa: FURB136 - the call would cost as much as the rest


def given_back(unused: int, at: int, taken_at: int, now: int, limit: int, period: int) -> int:
    """The theoretical arrival time without what was taken at `taken_at` and not used.

    Only that is given back which cannot have drained since: a bucket that others have filled meanwhile would otherwise be emptied of
    their charges. Per microsecond the bucket drains by one, and every open claim's refund shrinks by one; so all refunds together
    never pass what the bucket holds beyond what was really used.
    """
    credit = unused * period // limit - (now - taken_at)
    return at - credit if credit > 0 else at
