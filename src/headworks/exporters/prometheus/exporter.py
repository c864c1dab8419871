"""All metrics of the house behind one door."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from headworks.domain.exchange import Exchange
from headworks.exporters.prometheus.exchanges import ExchangeMetrics
from headworks.exporters.prometheus.house import HouseMetrics, State

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class PrometheusExporter:
    """An `Exporter` with a page to show. One per control process; `emit` and `render` never at once."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        self._exchanges = ExchangeMetrics()
        self._registry.register(self._exchanges)
        self._house = HouseMetrics(version, lambda: self._exchanges.overflows)
        self._registry.register(self._house)
        ProcessCollector(namespace="headworks_control", registry=self._registry)

    def emit(self, exchange: Exchange) -> None:
        """Add one exchange."""
        self._exchanges.emit(exchange)

    def render(self, state: State) -> bytes:
        """The page, in Prometheus' text format 0.0.4. Costs about 10 µs a line: in a thread, where there are many."""
        self._house.state = state
        return generate_latest(self._registry)
