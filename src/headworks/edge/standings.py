"""How the limits stand, as headers in the words of the client's dialect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache

from headworks.domain.limits import Standing
from headworks.domain.reply import HeaderList
from headworks.edge.routes import Front

_REQUESTS = (b"x-ratelimit-limit-requests", b"x-ratelimit-remaining-requests", b"x-ratelimit-reset-requests")
_TOKENS = (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens")
_PLAIN = (_REQUESTS, _TOKENS, _TOKENS, _TOKENS)
"""By column of the limit: names of what is allowed, what is left, and when it resets."""


def told(standings: Iterable[Standing], front: Front, wall_ns: int) -> HeaderList:
    """Of each kind of limit the tightest: the one of which the smallest part is left."""
    if front.limits:
        return _dated(standings, _named(front.limits), wall_ns)
    headers: HeaderList = []
    for (allowed, left, resets), standing in _tightest(standings, _PLAIN).items():
        amount, remaining = b"%d" % standing.limit.amount, b"%d" % standing.remaining
        headers += ((allowed, amount), (left, remaining), (resets, duration(standing.resets_in)))
    return headers


def duration(seconds: float) -> bytes:
    """`0s`, `12ms`, `1.5s`, `6m0s`, `2h0m5s`: as OpenAI writes it. Rounded up to a millisecond, from a minute on to a second."""
    milliseconds = -int(-seconds * 1000 // 1)
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return b"%dms" % milliseconds if milliseconds else b"0s"
    if milliseconds < 60_000:  # noqa: PLR2004 - a minute
        whole, rest = divmod(milliseconds, 1000)
        return (b"%d.%03d" % (whole, rest)).rstrip(b"0") + b"s" if rest else b"%ds" % whole
    minutes, left = divmod(-(-milliseconds // 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return b"%dh%dm%ds" % (hours, minutes, left) if hours else b"%dm%ds" % (minutes, left)


def _tightest(standings: Iterable[Standing], names: Sequence[tuple[bytes, ...]]) -> dict[tuple[bytes, ...], Standing]:
    found: dict[tuple[bytes, ...], Standing] = {}
    for standing in standings:
        limit = standing.limit
        group = names[limit.column]
        other = found.get(group)
        if other is None or standing.remaining * other.limit.amount < other.remaining * limit.amount:
            found[group] = standing
    return found


@cache
def _named(prefix: str) -> tuple[tuple[bytes, ...], ...]:
    return tuple(
        tuple(f"{prefix}-{group}-{what}".encode() for what in ("limit", "remaining", "reset"))
        for group in ("requests", "input-tokens", "output-tokens", "tokens")
    )


def _dated(standings: Iterable[Standing], names: Sequence[tuple[bytes, ...]], wall_ns: int) -> HeaderList:
    """With the instant of the reset instead of the time until then."""
    headers: HeaderList = []
    for (allowed, left, resets), standing in _tightest(standings, names).items():
        resets_at = datetime.fromtimestamp(-(-wall_ns // 10**9) - int(-standing.resets_in // 1), UTC)
        headers.append((allowed, b"%d" % standing.limit.amount))
        headers.append((left, b"%d" % standing.remaining))
        headers.append((resets, resets_at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()))
    return headers
