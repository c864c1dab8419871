"""What the house says of itself at the moment of a scrape: gateways, journal, projections."""

from __future__ import annotations

import platform
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from headworks.domain.gauges import Gauges
from headworks.exporters.prometheus.engines import engine_metrics

Families = Iterator[Metric]


class Lag(NamedTuple):
    """How far a projection is behind the journal."""

    projection: str
    bytes: int
    seconds: float
    failures: int
    """Exchanges that its exporter did not take."""


class Books(NamedTuple):
    """Whether the ledger gets on."""

    stopped: int
    """Epochs of the journal that cannot be read on."""
    failures: int
    """How often in a row the database did not take what was to be booked."""


class State(NamedTuple):
    """All that is told at one scrape."""

    gateways: Sequence[Gauges] = ()
    silent: int = 0
    """Gateways that did not answer."""
    lags: Sequence[Lag] = ()
    skipped: int = 0
    """Lines of the journal that could not be read."""
    books: Books | None = None
    """None where no ledger is kept."""


class HouseMetrics(Collector):
    """Turns a `State` into metrics. Gateways of one name (an old one that drains, a new one) are added up."""

    def __init__(self, version: str, overflows: Callable[[], dict[str, int]]) -> None:
        self.state = State()
        self._version = version
        self._overflows = overflows

    def collect(self) -> Families:
        """All families, each always there, with or without samples."""
        yield _gauge(
            "headworks_build_info",
            "The version that runs.",
            (("version", self._version), ("python", platform.python_version())),
        )
        yield from self._gateways()
        yield from self._targets()
        yield from self._queues()
        yield from self._credentials()
        yield from self._replicas()
        yield from engine_metrics(self.state.gateways)
        yield from self._rollouts()
        yield from self._writers()
        yield from self._shared()
        yield from self._directories()
        yield from self._projections()
        yield from self._ledger()

    def _gateways(self) -> Families:
        state = self.state
        yield _plain("headworks_gateways", "Gateway processes that answer.", len(state.gateways))
        yield _plain("headworks_gateways_silent", "Gateway processes that do not answer.", state.silent)
        yield _plain(
            "headworks_gateways_ready", "Gateway processes that take requests.", sum(one.ready for one in state.gateways)
        )
        yield _plain("headworks_inflight_requests", "Requests under way.", sum(one.inflight for one in state.gateways))
        rejected = any(one.config_rejected for one in state.gateways)
        yield _plain(
            "headworks_config_rejected", "1 if the newest configuration was not accepted and an older one serves on.", rejected
        )
        revisions = [one.config_revision for one in state.gateways]
        words = "The number of the configuration's revision that runs, the lowest of all gateways; 0 where a file runs."
        yield _plain("headworks_config_revision", words, min(revisions, default=0))
        connections = GaugeMetricFamily("headworks_connections", "Open connections.", labels=("side",))
        sides: Tally[str] = Tally()
        for one in state.gateways:
            sides.update(one.connections)
        for side, count in sides.items():
            connections.add_metric((side,), count)
        yield connections

    def _targets(self) -> Families:
        health = GaugeMetricFamily(
            "headworks_upstream_health",
            "1 if the target is in use, 0.5 on probation, 0 if its circuit is open, it cools down or is ejected; the worst of all gateways.",
            labels=("target",),
        )
        worst: dict[str, float] = {}
        for one in self.state.gateways:
            for target, value in one.health.items():
                worst[target] = min(value, worst.get(target, 1.0))
        for target, value in worst.items():
            health.add_metric((target,), value)
        yield health
        panic = GaugeMetricFamily(
            "headworks_upstream_panic",
            "1 while so many of a model's targets look bad that none is left alone for doing worse than others.",
            labels=("model",),
        )
        for model in sorted({model for one in self.state.gateways for model in one.panics}):
            panic.add_metric((model,), 1.0)
        yield panic

    def _queues(self) -> Families:
        waiting = GaugeMetricFamily(
            "headworks_queue_waiting_requests", "Requests that wait for their turn.", labels=("queue", "priority")
        )
        counts: Tally[tuple[str, str]] = Tally()
        for one in self.state.gateways:
            for queue, classes in one.queues.items():
                for priority, count in classes.items():
                    counts[queue, priority] += count
        for labels, count in counts.items():
            waiting.add_metric(labels, count)
        yield waiting

    def _credentials(self) -> Families:
        """Those that change, by provider: the worst of all gateways."""
        ends = GaugeMetricFamily(
            "headworks_credential_ends_in_seconds",
            "Until the present credential ends; 0 where there is none.",
            labels=("provider",),
        )
        failures = CounterMetricFamily(
            "headworks_credential_failures", "Attempts to obtain a credential that failed.", labels=("provider",)
        )
        soonest: dict[str, float] = {}
        failed: Tally[str] = Tally()
        for one in self.state.gateways:
            for provider, stands in one.credentials.items():
                soonest[provider] = min(inf if stands.ends_in is None else stands.ends_in, soonest.get(provider, inf))
                failed[provider] += stands.failures
        for provider, seconds in soonest.items():
            ends.add_metric((provider,), seconds)
            failures.add_metric((provider,), failed[provider])
        yield ends
        yield failures

    def _replicas(self) -> Families:
        """Of pools, by provider: what the gateway that knows least knows."""
        known = GaugeMetricFamily("headworks_replicas", "Replicas of a pool that are known.", labels=("provider",))
        lost = GaugeMetricFamily(
            "headworks_replicas_lost",
            "1 while a pool's replicas cannot be looked up, and those known before are asked on.",
            labels=("provider",),
        )
        pools = sorted({provider for one in self.state.gateways for provider in one.replicas})
        for provider in pools:
            seen = [one.replicas[provider] for one in self.state.gateways if provider in one.replicas]
            known.add_metric((provider,), min(each.known for each in seen))
            lost.add_metric((provider,), float(any(each.lost for each in seen)))
        yield known
        yield lost

    def _rollouts(self) -> Families:
        """Whether a gateway has taken a candidate out: the worst of all."""
        tripped = GaugeMetricFamily(
            "headworks_rollout_tripped",
            "1 if a gateway sends a rollout's candidate nothing more, because it failed too often.",
            labels=("model", "version"),
        )
        worst: dict[tuple[str, str], bool] = {}
        for one in self.state.gateways:
            for model, stands in one.rollouts.items():
                worst[model, stands.candidate] = stands.tripped or worst.get((model, stands.candidate), False)
        for labels, value in worst.items():
            tripped.add_metric(labels, value)
        yield tripped
        dropped = sum(one.shadows.dropped for one in self.state.gateways)
        yield _count("headworks_shadows_dropped", "Shadows that were not cast, because too many were under way.", dropped)

    def _writers(self) -> Families:
        journals = [one.journal for one in self.state.gateways]
        unwritable = any(journal.unwritable for journal in journals)
        yield _plain("headworks_journal_unwritable", "1 if the disk does not take the journal.", unwritable)
        yield _plain("headworks_journal_open_exchanges", "Exchanges begun and not ended.", sum(one.open for one in journals))
        yield _plain(
            "headworks_journal_backlog_records", "End-records waiting for the disk.", sum(one.backlog for one in journals)
        )
        refused = sum(one.refused for one in journals)
        yield _count("headworks_journal_refused", "Requests refused because they could not be recorded.", refused)
        yield _count(
            "headworks_journal_dropped",
            "Journal records lost because they could not be written.",
            sum(one.dropped for one in journals),
        )
        slowest = max((one.sync_seconds for one in journals), default=0.0)
        yield _plain("headworks_journal_sync_seconds", "How long the disk took at the last sync.", slowest)

    def _shared(self) -> Families:
        """Without samples where gateways count by themselves."""
        shared = [one.shared for one in self.state.gateways if one.shared is not None]
        told = bool(shared)
        yield _told(
            GaugeMetricFamily,
            "headworks_shared_counters_reachable",
            "1 if all gateways reach the server that they count on.",
            all(one.reachable for one in shared) if told else None,
        )
        skew = max((abs(one.skew) for one in shared), default=None)
        yield _told(
            GaugeMetricFamily,
            "headworks_shared_counters_skew_seconds",
            "The most that a gateway's clock differs from that server's.",
            skew,
        )
        for name, text, field in _SHARED:
            yield _told(CounterMetricFamily, name, text, sum(getattr(one, field) for one in shared) if told else None)

    def _directories(self) -> Families:
        known = [one.directory for one in self.state.gateways]
        entries = sum(one.entries for one in known)
        yield _plain("headworks_directory_entries", "Callers of the database that gateways remember.", entries)
        change = min((one.change for one in known), default=0)
        words = "The number of the last change of records that was taken account of, the lowest of all gateways."
        yield _plain("headworks_directory_change", words, change)
        yield _told(
            GaugeMetricFamily,
            "headworks_directory_age_seconds",
            "Since when changes of records have not been read to their end, the longest of all gateways.",
            max((inf if one.age is None else one.age for one in known), default=None),
        )

    def _projections(self) -> Families:
        behind = GaugeMetricFamily("headworks_journal_lag_bytes", "Journal not yet read.", labels=("projection",))
        since = GaugeMetricFamily(
            "headworks_journal_lag_seconds", "Since when there is journal not yet read.", labels=("projection",)
        )
        failures = CounterMetricFamily(
            "headworks_projection_failures", "Exchanges that it could not take.", labels=("projection",)
        )
        for lag in self.state.lags:
            behind.add_metric((lag.projection,), lag.bytes)
            since.add_metric((lag.projection,), lag.seconds)
            failures.add_metric((lag.projection,), lag.failures)
        yield behind
        yield since
        yield failures
        yield _count("headworks_journal_skipped_lines", "Lines of the journal that could not be read.", self.state.skipped)
        overflow = CounterMetricFamily("headworks_label_overflows", "Label values counted as _other.", labels=("label",))
        for label, count in self._overflows().items():
            overflow.add_metric((label,), count)
        yield overflow

    def _ledger(self) -> Families:
        """Without samples where no ledger is kept."""
        books = self.state.books
        yield _told(
            GaugeMetricFamily,
            "headworks_ledger_stopped",
            "Gateway processes, past and present, whose journal cannot be read on: the rest of theirs is not booked.",
            books and books.stopped,
        )
        yield _told(
            GaugeMetricFamily,
            "headworks_ledger_failures",
            "How often in a row the database did not take what was to be booked.",
            books and books.failures,
        )


_SHARED = (
    ("headworks_shared_counters_timeouts", "Calls to that server without an answer in time.", "timeouts"),
    ("headworks_shared_counters_losses", "How often that server had lost its counters.", "losses"),
    ("headworks_shared_counters_dropped", "Facts that could not be told to that server; the ledger has them.", "dropped"),
    (
        "headworks_unchecked_requests",
        "Requests admitted by a gateway alone, while that server could not be asked.",
        "unchecked",
    ),
    ("headworks_unchecked_refusals", "Requests refused because that server could not be asked.", "refused"),
)


def _told(kind: type[GaugeMetricFamily | CounterMetricFamily], name: str, text: str, value: float | None) -> Metric:
    return kind(name, text) if value is None else kind(name, text, value=float(value))


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _count(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=float(value))


def _gauge(name: str, text: str, labels: Sequence[tuple[str, str]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label for label, _ in labels])
    family.add_metric([value for _, value in labels], 1.0)
    return family
