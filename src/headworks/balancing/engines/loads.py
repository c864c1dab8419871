"""Loads as JSON, one object for each rank of a server: the form of `/v1/loads`."""

from __future__ import annotations

import msgspec

from headworks.domain.engine_load import MOST, EngineLoad


class _Rank(msgspec.Struct, frozen=True):
    num_waiting_reqs: int | None = None
    num_running_reqs: int | None = None
    num_waiting_uncached_tokens: int | None = None
    max_total_num_tokens: int | None = None
    max_running_requests: int | None = None
    token_usage: float | None = None


class _Answer(msgspec.Struct, frozen=True):
    loads: tuple[_Rank, ...] = ()


_DECODER = msgspec.json.Decoder(_Answer)


def read_loads(body: bytes, at: float) -> EngineLoad:
    """All ranks together. Nothing is said where it is something else, or where a rank has no memory yet: it is not ready."""
    try:
        ranks = _DECODER.decode(body).loads
    except (msgspec.DecodeError, UnicodeDecodeError):
        return EngineLoad(at=at)
    if not ranks or any(rank.max_total_num_tokens == 0 for rank in ranks):
        return EngineLoad(at=at)
    used = [rank.token_usage for rank in ranks if rank.token_usage is not None]
    return EngineLoad(
        at=at,
        waiting=_sum([rank.num_waiting_reqs for rank in ranks]),
        running=_sum([rank.num_running_reqs for rank in ranks]),
        queued_tokens=_sum([rank.num_waiting_uncached_tokens for rank in ranks]),
        memory=min(max(sum(used) / len(used), 0.0), 1.0) if used else None,
        cache_tokens=_sum([rank.max_total_num_tokens for rank in ranks]),
        most_running=_sum([rank.max_running_requests for rank in ranks]),
    )


def _sum(values: list[int | None]) -> int | None:
    said = [value for value in values if value is not None and value >= 0]
    return min(sum(said), MOST) if said else None
