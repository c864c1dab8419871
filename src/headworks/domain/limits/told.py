"""Names of counters, read back: which counters of a limit count now, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from headworks.domain.limits.claims import OVERFLOW
from headworks.domain.limits.limit import Limit, joined

_LENGTH = re.compile(r"([0-9]+):")
OTHERS = OVERFLOW
"""The group of those that share a counter because there are too many."""


def counters_now(limit: Limit, period: str, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The counter and its group as it stands in the name, of each that is `known`; of an ungrouped limit the one that there is.
    `period` is the name of the one that runs, empty for a limit without any.
    """
    ending = joined(period) if period else ""
    if not limit.group_by:
        yield limit.stem + ending, ""
        return
    for name in sorted(known):
        if name.startswith(limit.stem) and name.endswith(ending):
            yield name, name[len(limit.stem) : len(name) - len(ending)]


def group_told(group: str) -> tuple[str, ...]:
    """The values that a counter's group is of: as they are, long ones by their hash (`#…`), `OTHERS` for those that share one."""
    values: list[str] = []
    at = 0
    while (found := _LENGTH.match(group, at)) is not None:
        at = found.end() + int(found[1])
        values.append(group[found.end() : at].removeprefix("="))
    return tuple(values)
