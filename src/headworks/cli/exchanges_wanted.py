"""Which exchanges somebody wants to see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from cyclopts import Parameter

from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NS = 10**9


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an exchange must be like to be shown."""

    model: str = ""
    """Asked for, served by or sent to: a name, or a pattern such as 'gpt-*'."""
    key: str = ""
    """The caller: the key's name or id."""
    status: str = ""
    """What the caller got: 429, or 4xx for all of them."""
    ending: Ending | None = None
    """How it ended."""
    since: str = ""
    """Begun at or after: 90s, 15m, 2h, 3d ago, or a date and time (UTC unless it says otherwise)."""

    def matches(self, exchange: Exchange) -> bool:
        """Whether it is one of those, `since` apart."""
        return (
            (not self.model or _names_model(self.model, exchange))
            and (not self.key or self.key in {exchange.principal, exchange.key})
            and (not self.status or _is_status(self.status, exchange.status))
            and (self.ending is None or exchange.ending == self.ending)
        )

    def since_ns(self, now_ns: int) -> int:
        """The instant that `since` means, nanoseconds since 1970; 0 for ever. Raises `ValueError`, and says what is understood."""
        if not self.since:
            return 0
        ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", self.since)
        if ago is not None:
            return now_ns - int(float(ago[1]) * _SECONDS[ago[2]] * _NS)
        try:
            when = datetime.fromisoformat(self.since)
        except ValueError:
            raise ValueError(
                f"--since {self.since} is not understood. Say how long ago (90s, 15m, 2h, 3d) or when (2026-01-31 or 2026-01-31T12:00)."
            ) from None
        return int((when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp() * _NS)


def check_status(pattern: str) -> None:
    """Raises `ValueError` where it is no status."""
    if pattern and not re.fullmatch(r"\d{3}|[1-5]xx|0", pattern):
        raise ValueError(f"--status {pattern} is not understood. Say 429, or 4xx for all of them.")


def _is_status(pattern: str, status: int) -> bool:
    return pattern == str(status) or (pattern.endswith("xx") and str(status).startswith(pattern[0]))


def _names_model(pattern: str, exchange: Exchange) -> bool:
    names = (exchange.asked, exchange.served_model, exchange.target)
    return any(fnmatchcase(name, pattern) for name in names)
