"""Prometheus metrics: what exchanges add up to, and what gateways say of themselves.

Names are `headworks_*` with base units. Labels never hold keys, users or anything else a client can make up without bound.
"""

from __future__ import annotations

from headworks.exporters.prometheus.exchanges import ExchangeMetrics
from headworks.exporters.prometheus.exporter import CONTENT_TYPE, PrometheusExporter
from headworks.exporters.prometheus.house import Books, HouseMetrics, Lag, State

__all__ = ["CONTENT_TYPE", "Books", "ExchangeMetrics", "HouseMetrics", "Lag", "PrometheusExporter", "State"]
