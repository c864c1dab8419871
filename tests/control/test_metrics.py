"""What exchanges add up to, and under which names."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from headworks.domain.gauges import (
    CredentialGauges,
    DirectoryGauges,
    EngineGauges,
    Gauges,
    JournalGauges,
    ReplicaGauges,
    RolloutGauges,
)
from headworks.domain.target import Tried
from headworks.domain.usage import Usage
from headworks.exporters.prometheus import Books, Lag, PrometheusExporter, State
from headworks.exporters.prometheus.exchanges import LARGEST_MODELS
from tests.control.serving import gauges
from tests.journal.writing import end

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
EMPTY = State()
FULL = State(
    gateways=(
        gauges(
            health={"a/b": 1.0},
            rollouts={"m": RolloutGauges(rollout="r", candidate="2", tripped=True)},
            credentials={"a": CredentialGauges(ends_in=60.0, failures=1), "c": CredentialGauges()},
            replicas={"gpu": ReplicaGauges(known=3, lost=True)},
            queues={"chat": {"default": 3}},
            engines={"gpu:80": EngineGauges(provider="a", waiting=3, running=2, memory=0.5, age=0.25)},
        ),
        gauges(pid=2, inflight=5, health={"a/b": 0.0}, panics=("m",), connections={"client": 1, "upstream": 4}),
    ),
    silent=1,
    lags=(Lag("metrics", 120, 0.5, 3),),
    skipped=2,
    books=Books(stopped=1, failures=4),
)


def page(exporter: PrometheusExporter, state: State = EMPTY) -> str:
    """What a scrape shows."""
    return exporter.render(state).decode()


def busy() -> PrometheusExporter:
    """An exporter that has seen one exchange of every kind."""
    exporter = PrometheusExporter("1.2.3")
    tried = (
        Tried(target="a/b", provider="a", model="b", at=1.0, end_at=2.0, fault="upstream_reset"),
        Tried(target="test/model", provider="test", model="m", at=3.0, end_at=800.0, status=200, served=True),
    )
    exporter.emit(end(1, stream=True, first_token_at=100.0, duration=1100.0, gaps=10, overhead=0.7, tried=tried))
    usage = Usage(input=10, output=5, cache_read=4, cache_write=3, reasoning=2)
    exporter.emit(end(2, usage=usage, currency="EUR", overrun=7))
    exporter.emit(
        end(
            3,
            ending="refused",
            status=404,
            fault="model_not_found",
            asked="made-up",
            provider="",
            target="",
            cost=0,
            usage=Usage(),
        )
    )
    return exporter


def test_requests_are_counted_by_how_they_ended() -> None:
    shown = page(busy())

    assert (
        'headworks_requests_total{cache="",ending="finished",kind="chat",model="model",provider="test",status="200"} 2.0'
        in shown
    )
    assert 'headworks_requests_total{cache="",ending="refused",kind="chat",model="",provider="",status="404"} 1.0' in shown


def test_times_are_told_in_seconds() -> None:
    shown = page(busy())

    assert 'headworks_request_duration_seconds_sum{kind="chat",model="model",provider="test"} 1.9125' in shown
    assert 'headworks_time_to_first_token_seconds_sum{model="model",provider="test"} 0.1' in shown
    assert 'headworks_inter_token_seconds_bucket{le="0.08",model="model",provider="test"} 0.0' in shown
    assert 'headworks_inter_token_seconds_bucket{le="0.16",model="model",provider="test"} 1.0' in shown
    assert 'headworks_overhead_seconds_bucket{kind="chat",le="0.001"} 1.0' in shown


def test_tokens_are_counted_by_type() -> None:
    shown = page(busy())

    counts = dict(re.findall(r'headworks_tokens_total\{.*type="(\w+)"\} (\S+)', shown))
    assert counts == {"input": "110.0", "output": "55.0", "cache_read": "4.0", "cache_write": "3.0", "reasoning": "2.0"}


def test_cost_is_told_in_dollars_and_other_money_apart() -> None:
    shown = page(busy())

    assert 'headworks_cost_usd_total{model="model",provider="test"} 0.0006' in shown
    assert 'headworks_cost_foreign_total{currency="EUR",model="model",provider="test"} 0.0006' in shown


def test_attempts_and_retries_are_counted() -> None:
    shown = page(busy())

    assert 'headworks_attempts_total{fault="upstream_reset",target="a/b"} 1.0' in shown
    assert 'headworks_attempts_total{fault="",target="test/model"} 1.0' in shown
    assert 'headworks_retries_total{model="model"} 1.0' in shown


def test_gateways_are_added_up_and_a_target_is_as_well_as_its_worst_gateway_finds() -> None:
    shown = page(PrometheusExporter("1.2.3"), FULL)

    assert "headworks_inflight_requests 7.0" in shown
    assert 'headworks_connections{side="client"} 4.0' in shown
    assert 'headworks_connections{side="upstream"} 4.0' in shown
    assert 'headworks_upstream_health{target="a/b"} 0.0' in shown
    assert "headworks_gateways_silent 1.0" in shown
    assert 'headworks_journal_lag_bytes{projection="metrics"} 120.0' in shown
    assert 'headworks_journal_lag_seconds{projection="metrics"} 0.5' in shown


def test_of_an_engine_the_latest_word_is_told_and_of_one_that_never_said_any_that_it_is_silent() -> None:
    late = {"gpu:80": EngineGauges(provider="a", waiting=9, age=4.0), "mute:80": EngineGauges(provider="a")}
    state = State(gateways=(gauges(engines=late), *FULL.gateways))

    shown = page(PrometheusExporter("1.2.3"), state)

    assert 'headworks_engine_waiting_requests{engine="gpu:80",provider="a"} 3.0' in shown
    assert 'headworks_engine_memory_ratio{engine="gpu:80",provider="a"} 0.5' in shown
    assert 'headworks_engine_age_seconds{engine="gpu:80",provider="a"} 0.25' in shown
    assert 'headworks_engine_age_seconds{engine="mute:80",provider="a"} +Inf' in shown
    assert 'headworks_engine_waiting_requests{engine="mute:80"' not in shown


@pytest.mark.parametrize(("age", "shown"), [(30.0, "30.0"), (None, "+Inf")])
def test_the_gateway_that_knows_least_of_callers_shows(age: float | None, shown: str) -> None:
    well = gauges(directory=DirectoryGauges(entries=7, change=12, age=0.1))
    cut_off = gauges(directory=DirectoryGauges(entries=2, change=9, age=age))

    told = page(PrometheusExporter("1.2.3"), State(gateways=(well, cut_off)))

    assert "headworks_directory_entries 9.0" in told
    assert "headworks_directory_change 9.0" in told
    assert f"headworks_directory_age_seconds {shown}" in told


def test_one_gateway_in_trouble_shows() -> None:
    ill = Gauges(
        process="gateway", config_rejected=True, journal=JournalGauges(unwritable=True, refused=7, dropped=8, backlog=9)
    )

    shown = page(PrometheusExporter("1.2.3"), State(gateways=(gauges(), ill)))

    for sample in (
        "headworks_config_rejected 1.0",
        "headworks_journal_unwritable 1.0",
        "headworks_journal_refused_total 7.0",
        "headworks_journal_dropped_total 8.0",
        "headworks_journal_backlog_records 9.0",
    ):
        assert sample in shown


def test_names_that_clients_make_up_do_not_become_labels_without_bound() -> None:
    exporter = PrometheusExporter("1.2.3")

    for number in range(LARGEST_MODELS + 50):
        exporter.emit(end(number, asked=f"model-{number}"))
    exporter.emit(end(0, asked="m" * 5000))

    shown = page(exporter)
    models = set(re.findall(r'headworks_requests_total\{.*model="([^"]*)"', shown))
    assert len(models) == LARGEST_MODELS + 1
    assert "_other" in models
    assert 'headworks_label_overflows_total{label="model"} 51.0' in shown


def test_nothing_of_a_caller_is_a_label() -> None:
    exporter = PrometheusExporter("1.2.3")
    exporter.emit(end(1, principal="p-17", key="the key", peer="10.9.8.7", client_request_id="mine", trace="abc"))

    shown = page(exporter)

    assert not any(secret in shown for secret in ("p-17", "the key", "10.9.8.7", "mine", "abc", end(1).id))


def test_the_names_are_those_in_the_documentation() -> None:
    shown = set(re.findall(r"^# TYPE (headworks_\w+) (\w+)", page(busy(), FULL), re.MULTILINE))
    written = set(re.findall(r"^\| `(headworks_\w+)(?:\{[^}]*\})?` \| (\w+) \|", DOCS.read_text(), re.MULTILINE))

    assert {pair for pair in shown if not pair[0].startswith("headworks_control_process")} == written


def test_the_labels_are_those_in_the_documentation() -> None:
    shown: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(headworks_\w+?)(?:_bucket|_sum|_count)?\{(.*)\} ", page(busy(), FULL), re.MULTILINE):
        shown.setdefault(name, set()).update(set(re.findall(r'(\w+)="', labels)) - {"le"})
    written = {
        name: set(labels.split(","))
        for name, labels in re.findall(r"^\| `(headworks_\w+)\{([^}]*)\}` \|", DOCS.read_text(), re.MULTILINE)
    }

    assert shown == written


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)")
def test_prometheus_own_linter_has_nothing_to_say() -> None:
    linted = subprocess.run(
        ["promtool", "check", "metrics"], input=page(busy(), FULL).encode(), capture_output=True, check=False
    )

    assert (linted.returncode, linted.stdout, linted.stderr) == (0, b"", b"")
