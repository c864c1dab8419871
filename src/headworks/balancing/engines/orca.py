"""What an engine says of its load with an answer: the header `endpoint-load-metrics`, an ORCA report in JSON."""

from __future__ import annotations

from math import isfinite

import msgspec

from headworks.domain.engine_load import EngineLoad
from headworks.domain.reply import HeaderList

ASKS = (b"endpoint-load-metrics-format", b"JSON")
"""The header of a question that asks for it."""
HEADER = b"endpoint-load-metrics"

_WAITING = ("num_requests_waiting",)
_RUNNING = ("num_requests_running",)
_MEMORY = ("kv_cache_usage_perc", "kv_cache_utilization")


class _Report(msgspec.Struct, frozen=True):
    named_metrics: dict[str, object] = {}


_DECODER = msgspec.json.Decoder(_Report)


def load_in(headers: HeaderList, at: float) -> EngineLoad | None:
    """The report among the headers of an answer; None where there is none that can be read."""
    value = next((value for name, value in headers if name == HEADER), None)
    if value is None:
        return None
    try:
        named = _DECODER.decode(value.removeprefix(b"JSON ")).named_metrics
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    waiting, running, memory = (_number(named, names) for names in (_WAITING, _RUNNING, _MEMORY))
    load = EngineLoad(
        at=at,
        waiting=None if waiting is None else int(waiting),
        running=None if running is None else int(running),
        memory=None if memory is None else min(memory, 1.0),
    )
    return None if load.dark else load


def _number(named: dict[str, object], names: tuple[str, ...]) -> float | None:
    values = (named.get(name) for name in names)
    return next((float(value) for value in values if isinstance(value, int | float) and isfinite(value) and value >= 0), None)
