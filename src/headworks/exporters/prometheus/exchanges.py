"""What exchanges add up to: counters and histograms, fed with one end-record after the other."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from headworks.domain.exchange import Exchange
from headworks.exporters.prometheus.labels import BoundedLabel
from headworks.exporters.prometheus.sums import Distribution, Sums

SECONDS = tuple(0.01 * 2**step for step in range(14))
"""0.01 … 81.92: the OpenTelemetry GenAI buckets for durations."""
SHORT_SECONDS = (0.001, 0.0025, 0.005, *(0.01 * 2**step for step in range(9)))
OVERHEAD_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
LARGEST_MODELS = 300
LARGEST_TARGETS = 1000
_UNKNOWN_NAMES = frozenset({"model_not_found", "upstream_rejected"})
"""Faults after which the asked model is the client's word alone."""
_TOKEN_TYPES = ("input", "output", "cache_read", "cache_write", "reasoning")
_NANOS = 1e-9
_MS = 1e-3


class ExchangeMetrics(Collector):
    """An `Exporter`, and a collector of what it was told. One per process; not thread-safe."""

    def __init__(self) -> None:
        self._models = BoundedLabel(LARGEST_MODELS)
        self._targets = BoundedLabel(LARGEST_TARGETS)
        by_model = ("model", "provider")
        self._requests = Sums(
            "headworks_requests_total", "Requests that have ended, by how.", *by_model, "kind", "status", "ending", "cache"
        )
        self._duration = Distribution(
            "headworks_request_duration_seconds",
            "From a request's headers to the last byte of its answer.",
            SECONDS,
            *by_model,
            "kind",
        )
        self._first_token = Distribution(
            "headworks_time_to_first_token_seconds",
            "From a streamed request's headers to the first byte of its answer.",
            SECONDS,
            *by_model,
        )
        self._inter_token = Distribution(
            "headworks_inter_token_seconds",
            "Mean time between two pieces of a streamed answer; one observation a request.",
            SHORT_SECONDS,
            *by_model,
        )
        self._overhead = Distribution(
            "headworks_overhead_seconds", "The gateway's own part of a request's duration.", OVERHEAD_SECONDS, "kind"
        )
        self._tokens = Sums(
            "headworks_tokens_total",
            "Tokens of served answers. Input includes cache_read and cache_write, output includes reasoning.",
            *by_model,
            "type",
        )
        self._cost = Sums("headworks_cost_usd_total", "What providers charge, all attempts.", *by_model)
        self._foreign_cost = Sums(
            "headworks_cost_foreign_total",
            "What providers charge in other currencies than US dollars, all attempts.",
            *by_model,
            "currency",
        )
        self._overrun = Sums(
            "headworks_budget_overrun_nanos_total",
            "By how much exchanges under a limit came to cost more than was set aside for them, nano-units.",
            "model",
            "currency",
        )
        self._retries = Sums("headworks_retries_total", "Attempts after the first of a request.", "model")
        self._attempts = Sums(
            "headworks_attempts_total",
            "Attempts at a target, by the fault they ended with; without one if they went well.",
            "target",
            "fault",
        )

    def emit(self, exchange: Exchange) -> None:
        """Add one exchange."""
        model = "" if exchange.fault in _UNKNOWN_NAMES else self._models.value(exchange.asked)
        provider, kind = exchange.provider, exchange.kind
        self._requests[model, provider, kind, str(exchange.status), exchange.ending, exchange.cache] += 1
        self._duration.observe((model, provider, kind), exchange.duration * _MS)
        if exchange.overhead:
            self._overhead.observe((kind,), exchange.overhead * _MS)
        if exchange.stream and exchange.first_token_at:
            self._observe_stream(exchange, (model, provider))
        self._count_usage(exchange, model)
        for tried in exchange.tried:
            self._attempts[self._targets.value(tried.target), tried.fault] += 1
        if len(exchange.tried) > 1:
            self._retries[(model,)] += len(exchange.tried) - 1

    def _observe_stream(self, exchange: Exchange, labels: tuple[str, str]) -> None:
        self._first_token.observe(labels, exchange.first_token_at * _MS)
        if exchange.gaps:
            gap = (exchange.duration - exchange.first_token_at) / exchange.gaps
            self._inter_token.observe(labels, gap * _MS)

    def _count_usage(self, exchange: Exchange, model: str) -> None:
        provider, usage = exchange.provider, exchange.usage
        for kind in _TOKEN_TYPES:
            if count := getattr(usage, kind):
                self._tokens[model, provider, kind] += count
        if exchange.overrun:
            self._overrun[model, exchange.currency] += exchange.overrun
        if not exchange.cost:
            return
        if exchange.currency == "USD":
            self._cost[model, provider] += exchange.cost * _NANOS
        else:
            self._foreign_cost[model, provider, exchange.currency] += exchange.cost * _NANOS

    def collect(self) -> Iterator[Metric]:
        """All families."""
        for each in (
            self._requests,
            self._duration,
            self._first_token,
            self._inter_token,
            self._overhead,
            self._tokens,
            self._cost,
            self._foreign_cost,
            self._overrun,
            self._retries,
            self._attempts,
        ):
            yield each.family()

    @property
    def overflows(self) -> dict[str, int]:
        """How often a label's value was beyond its bound, by label."""
        return {"model": self._models.overflows, "target": self._targets.overflows}
