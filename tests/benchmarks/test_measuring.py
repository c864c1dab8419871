"""The load clients and the reading of /proc, against things whose answer is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import load
from bench.client import quantile
from bench.contenders.contender import Contender, Running, direct, direct_tls
from bench.process import Failed, Program, cpu_seconds, memory
from bench.question import question
from bench.site import Site

CONTENDER = Contender(name="direct", start=direct, streams=6, rate=50)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Providers whose streams have ten chunks, one each five milliseconds."""
    with Site(chunks=10, interval=0.005) as entered:
        yield entered


def test_the_fixed_rate_client_sends_what_is_due_and_gets_it_answered(site: Site) -> None:
    seen = load.latency(CONTENDER, direct(site), 0.4)

    assert (seen.requests, seen.errors) == (20, 0)
    assert 0 < seen.p50 <= seen.p99


def test_refusals_are_errors_and_no_latencies(site: Site) -> None:
    nowhere = Running(netloc=direct(site).netloc, program=None, path="/_emulator/nowhere")

    seen = load.latency(CONTENDER, nowhere, 0.2)

    assert (seen.requests, seen.errors) == (0, 10)


@pytest.mark.parametrize("start", [direct, direct_tls])
def test_streams_are_counted_chunk_by_chunk_and_timed_from_when_they_were_written(site: Site, start: type[Running]) -> None:
    running = start(site)  # type: ignore[arg-type]  # functions of the same shape

    seen = load.streams(running, 6, site.chunks)

    assert (seen["chunks"], seen["whole"], seen["broken"]) == (60, 6, 0)
    assert 0 < seen["late_p50"] <= seen["late_p99"]


def test_a_stream_with_a_chunk_too_few_is_broken(site: Site) -> None:
    seen = load.streams(direct(site), 3, site.chunks + 1)

    assert (seen["whole"], seen["broken"]) == (0, 3)


@pytest.mark.parametrize("messages", [False, True])
def test_questions_are_all_different_and_of_the_size_that_is_promised(messages: bool) -> None:  # noqa: FBT001 - a test's case
    bodies = {question(number, "gpt-4o", messages=messages, stream=False) for number in range(100)}

    assert len(bodies) == 100
    assert all(2_300 < len(body) < 2_500 for body in bodies)


def test_cpu_and_memory_of_a_process_are_read(tmp_path: Path) -> None:
    busy = Program([sys.executable, "-c", "while True: pass"], tmp_path / "log")
    try:
        busy.wait_until(lambda: cpu_seconds(busy.tree()) > 0.05, 10)
        assert memory(busy.tree()).rss > 5_000_000
        assert cpu_seconds([os.getpid()]) > 0
    finally:
        busy.stop()
    with pytest.raises(Failed, match="ended while it was measured"):
        cpu_seconds([busy.pid])


def test_a_frozen_program_takes_no_cpu(tmp_path: Path) -> None:
    busy = Program([sys.executable, "-c", "while True: pass"], tmp_path / "log")
    try:
        busy.wait_until(lambda: cpu_seconds(busy.tree()) > 0.05, 10)
        busy.freeze()
        frozen = cpu_seconds(busy.tree())
        other = cpu_seconds([os.getpid()])
        while cpu_seconds([os.getpid()]) < other + 0.05:
            pass
        assert cpu_seconds(busy.tree()) == frozen
    finally:
        busy.stop()


def test_a_program_that_ends_too_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    failing = Program([sys.executable, "-c", "raise SystemExit('no such port')"], tmp_path / "log")

    with pytest.raises(Failed, match="no such port"):
        failing.wait_until(lambda: False, 10)


def test_quantiles_are_of_the_values_themselves() -> None:
    values = [float(value) for value in range(1, 101)]

    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0), quantile([], 0.5)) == (
        51.0,
        100.0,
        100.0,
        0.0,
    )
