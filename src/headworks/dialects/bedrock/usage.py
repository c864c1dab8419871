"""Converse's counts → `Usage`. `inputTokens` are the rest after cache reads and writes; `Usage.input` holds all three."""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.domain.usage import Usage


class CacheDetail(msgspec.Struct, gc=False):
    """How much of what was written to the cache is kept for how long."""

    ttl: str = ""
    inputTokens: Count = None  # noqa: N815 - the wire's own names


class Counts(msgspec.Struct):
    """A `usage` object."""

    inputTokens: Count = None  # noqa: N815
    outputTokens: Count = None  # noqa: N815
    cacheReadInputTokens: Count = None  # noqa: N815
    cacheWriteInputTokens: Count = None  # noqa: N815
    cacheDetails: list[CacheDetail] | None = None  # noqa: N815


def usage_of(wire: object) -> Usage | None:
    """The canonical counts of a decoded `usage` object; None where it is none."""
    if not isinstance(wire, dict):
        return None
    counts = read_form(wire, Counts)
    read, written = counts.cacheReadInputTokens or 0, counts.cacheWriteInputTokens or 0
    hour = sum(detail.inputTokens or 0 for detail in counts.cacheDetails or () if detail.ttl == "1h")
    return Usage(
        input=(counts.inputTokens or 0) + read + written,
        output=counts.outputTokens or 0,
        cache_read=read,
        cache_write=written,
        cache_write_1h=min(hour, written),
    )
