"""How the limits stand, as headers: in OpenAI's words, or in Anthropic's to its callers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from headworks.domain.limits import Standing, Unit

_GROUPS = {
    Unit.REQUESTS: "requests",
    Unit.TOKENS: "tokens",
    Unit.INPUT_TOKENS: "tokens",
    Unit.OUTPUT_TOKENS: "tokens",
}
_ANTHROPIC_GROUPS = {**_GROUPS, Unit.INPUT_TOKENS: "input-tokens", Unit.OUTPUT_TOKENS: "output-tokens"}
Headers = list[tuple[bytes, bytes]]


def told(standings: Iterable[Standing], front: str, wall_ns: int) -> Headers:
    """Of each kind of limit the tightest: the one of which the smallest part is left."""
    if front == "anthropic":
        return _anthropic(_tightest(standings, _ANTHROPIC_GROUPS), wall_ns)
    headers: Headers = []
    for group, standing in _tightest(standings, _GROUPS).items():
        headers += (
            (b"x-ratelimit-limit-%b" % group.encode(), b"%d" % standing.limit.amount),
            (b"x-ratelimit-remaining-%b" % group.encode(), b"%d" % standing.remaining),
            (b"x-ratelimit-reset-%b" % group.encode(), duration(standing.resets_in)),
        )
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


def _tightest(standings: Iterable[Standing], groups: dict[Unit, str]) -> dict[str, Standing]:
    found: dict[str, Standing] = {}
    for standing in standings:
        group = groups.get(standing.limit.unit)
        if group is None:
            continue
        other = found.get(group)
        if other is None or standing.remaining * other.limit.amount < other.remaining * standing.limit.amount:
            found[group] = standing
    return found


def _anthropic(found: dict[str, Standing], wall_ns: int) -> Headers:
    headers: Headers = []
    for group, standing in found.items():
        resets_at = datetime.fromtimestamp(-(-wall_ns // 10**9) + -int(-standing.resets_in // 1), UTC)
        name = b"anthropic-ratelimit-%b-" % group.encode()
        headers += (
            (name + b"limit", b"%d" % standing.limit.amount),
            (name + b"remaining", b"%d" % standing.remaining),
            (name + b"reset", resets_at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()),
        )
    return headers
