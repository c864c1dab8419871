"""How the limits stand, as headers in the words of the client's dialect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache

from headworks.domain.limits import Limit, Standing
from headworks.domain.limits.limit import Shape
from headworks.edge.routes import Front

_PLAIN = b"x-ratelimit-limit-{0}: %d\r\nx-ratelimit-remaining-{0}: %d\r\nx-ratelimit-reset-{0}: %b\r\n"
_REQUESTS, _TOKENS = (_PLAIN.replace(b"{0}", group) for group in (b"requests", b"tokens"))
_UNDATED = (_REQUESTS, _TOKENS, _TOKENS, _TOKENS)
"""By column of the limit: lines to be filled with what is allowed, what is left, and when it resets."""


def told(standings: Iterable[Standing], front: Front, wall_ns: int) -> bytes:
    """Lines of headers, of each kind of limit for the tightest: the one of which the smallest part is left."""
    if front.limits:
        return _dated(standings, _named(front.limits), wall_ns)
    lines = b""
    for form, standing in _tightest(standings, _UNDATED).items():
        if _returns(standing.limit):
            lines += form % (standing.limit.amount, standing.remaining, duration(standing.resets_in))
        else:
            lines += _without_reset(form) % (standing.limit.amount, standing.remaining)
    return lines


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


def _returns(limit: Limit) -> bool:
    """Whether time gives it back. What is left of a session is all there is of it."""
    return limit.shape is not Shape.COUNT or limit.calendar is not None


@cache
def _without_reset(form: bytes) -> bytes:
    return b"".join(form.splitlines(keepends=True)[:2])


def _tightest(standings: Iterable[Standing], forms: Sequence[bytes]) -> dict[bytes, Standing]:
    found: dict[bytes, Standing] = {}
    for standing in standings:
        limit = standing.limit
        form = forms[limit.column]
        other = found.get(form)
        if other is None or standing.remaining * other.limit.amount < other.remaining * limit.amount:
            found[form] = standing
    return found


@cache
def _named(prefix: str) -> tuple[bytes, ...]:
    return tuple(
        f"{prefix}-{group}-limit: %d\r\n{prefix}-{group}-remaining: %d\r\n{prefix}-{group}-reset: %b\r\n".encode()
        for group in ("requests", "input-tokens", "output-tokens", "tokens")
    )


def _dated(standings: Iterable[Standing], forms: Sequence[bytes], wall_ns: int) -> bytes:
    """With the instant of the reset instead of the time until then."""
    lines = b""
    for form, standing in _tightest(standings, forms).items():
        if not _returns(standing.limit):
            lines += _without_reset(form) % (standing.limit.amount, standing.remaining)
            continue
        resets_at = -(-wall_ns // 10**9) - int(-standing.resets_in // 1)
        lines += form % (standing.limit.amount, standing.remaining, _instant(resets_at))
    return lines


@lru_cache(maxsize=256)
def _instant(second: int) -> bytes:
    """As RFC 3339 writes it. Limits that many share reset in few different seconds."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
