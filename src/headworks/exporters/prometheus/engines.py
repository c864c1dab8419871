"""What engines say of themselves, as the gateway heard it that asked last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from prometheus_client.core import GaugeMetricFamily, Metric

from headworks.domain.gauges import EngineGauges, Gauges

_FAMILIES = (
    ("headworks_engine_waiting_requests", "Requests that an engine has taken and not begun, by its own word.", "waiting"),
    ("headworks_engine_running_requests", "Requests that an engine works at, by its own word.", "running"),
    ("headworks_engine_memory_ratio", "The share of an engine's key-value memory in use, by its own word.", "memory"),
)
_LABELS = ("provider", "engine")


def engine_metrics(gateways: Sequence[Gauges]) -> Iterator[Metric]:
    """All families, each always there. What an engine does not say has no sample; one that never said anything is infinitely old."""
    latest: dict[str, EngineGauges] = {}
    for gateway in gateways:
        for address, said in gateway.engines.items():
            if address not in latest or _age(said) < _age(latest[address]):
                latest[address] = said
    for name, words, field in _FAMILIES:
        family = GaugeMetricFamily(name, words, labels=_LABELS)
        for address, said in latest.items():
            value = getattr(said, field)
            if value is not None:
                family.add_metric((said.provider, address), float(value))
        yield family
    ages = GaugeMetricFamily("headworks_engine_age_seconds", "Since an engine last told its load.", labels=_LABELS)
    for address, said in latest.items():
        ages.add_metric((said.provider, address), _age(said))
    yield ages


def _age(said: EngineGauges) -> float:
    return inf if said.age is None else said.age
