"""Medians, ratios and bars, from measurements to the table and the file."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
from bench import bars, report
from bench.contenders.contender import Contender, Running
from bench.load import Latency, Streamed, Whole
from bench.process import Memory
from bench.runner import Schedule, Seen
from rich.console import Console


def seen(name: str, cpu: tuple[float, ...], p99: float, megabytes: int = 50) -> Seen:
    return Seen(
        name=name,
        ready_after=[0.5],
        whole=[Whole(cpu=one, control_cpu=20.0, rate=5_000.0, requests=100, errors=0) for one in cpu],
        streamed=[Streamed(cpu=one / 2, chunks=10, streams=1, broken=0, late_p50=0.1, late_p99=0.2) for one in cpu],
        latency=[Latency(p50=p99 / 2, p99=p99, requests=10, errors=0)],
        gateway_memory=Memory(megabytes * 1_000_000, 0),
        control_memory=Memory(60_000_000, 0),
    )


def test_ratios_are_of_medians_and_latency_is_what_was_added() -> None:
    direct = Seen(name="direct", latency=[Latency(p50=0.2, p99=0.5, requests=10, errors=0)])
    found = bars.figures([direct, seen("nginx", (20.0, 21.0, 90.0), 0.7), seen("headworks", (80.0, 84.0, 200.0), 1.2)])

    mine = found[2]
    assert mine.cpu == 84.0
    assert mine.cpu_ratio == 4.0
    assert mine.p99 is not None
    assert abs(mine.p99 - 0.7) < 1e-9


def test_rows_with_tls_are_compared_with_nginx_under_the_same_tls() -> None:
    plain, secure = seen("nginx", (20.0,), 1.0), seen("nginx, TLS upstream", (40.0,), 1.0)
    found = bars.figures([plain, secure, seen("headworks, TLS upstream", (120.0,), 1.0)])

    assert found[2].cpu_ratio == 3.0


def test_a_bar_is_met_missed_or_not_measured() -> None:
    direct = Seen(name="direct", latency=[Latency(p50=0.2, p99=0.5, requests=10, errors=0)])
    verdicts = bars.judge(bars.figures([direct, seen("nginx", (20.0,), 0.7), seen("headworks", (100.0,), 2.0, megabytes=130)]))
    by_name = {one.what: one.met for one in verdicts}

    assert by_name["CPU per whole request"] is True
    assert by_name["CPU per whole request, goal"] is False
    assert by_name["resident memory, gateway"] is False
    assert by_name["added latency p99 at 200 requests/s"] is False

    alone = bars.judge(bars.figures([Seen(name="headworks")]))
    assert next(one for one in alone if one.what == "CPU per whole request").met is None
    assert bars.judge(bars.figures([seen("nginx", (20.0,), 0.7)])) == []


def test_what_shared_counters_add_is_told_and_counts_at_its_rate_alone() -> None:
    shared = seen("governed-valkey", (130.0,), 1.5)
    verdicts = {
        one.what: one
        for one in bars.judge(bars.figures([seen("nginx", (20.0,), 0.7), seen("governed", (100.0,), 1.2), shared]))
    }

    assert verdicts["governed: CPU per whole request"].met is True
    added = verdicts["shared counters: CPU added per request"]
    assert (added.measured, added.met) == ("+30 µs at 5,000 requests/s", True)
    assert verdicts["shared counters: CPU added at 200 requests/s"].met is None

    slow = msgspec.structs.replace(shared, whole=[msgspec.structs.replace(shared.whole[0], rate=1_000.0)])
    again = bars.judge(bars.figures([seen("governed", (100.0,), 1.2), slow]))
    assert next(one for one in again if "added per request" in one.what).met is False


def test_a_run_is_shown_and_kept_without_overwriting_another(tmp_path: Path) -> None:
    all_seen = [seen("nginx", (20.0,), 0.7), seen("headworks", (100.0,), 2.0)]
    found = bars.figures(all_seen)
    verdicts = bars.judge(found)
    out = io.StringIO()

    report.show(Console(file=out, width=200), found, verdicts, {"litellm": "not installed\nat all"})
    first = report.keep(all_seen, found, verdicts, Schedule(), tmp_path)
    second = report.keep(all_seen, found, verdicts, Schedule(), tmp_path)

    assert "5.00" in out.getvalue()
    assert "MISSED" in out.getvalue()
    assert "litellm: not installed" in out.getvalue()
    assert first != second
    kept = msgspec.json.decode(first.read_bytes())
    assert kept["figures"][1]["cpu_ratio"] == 5.0
    assert kept["host"]["kind"] == report.host_kind()


def test_a_contender_says_which_of_its_processes_carry_requests() -> None:
    running = Running(netloc="127.0.0.1:1", program=None)

    assert running.gateway_pids() == []
    assert running.url == "http://127.0.0.1:1/v1/chat/completions"
    assert Contender(name="x", start=lambda _site: running).rate == 200
