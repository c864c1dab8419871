"""Every fault an upstream can have: what the client got, what was tried again, what was billed. `python -m tests.system.fault_table` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headworks.domain.receipt import receipt_of
from headworks.testing.emulator import EmulatorProcess, Personality

from .faults import CASES, Case, config, raw, run
from .house import RunningHouse


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    providers = (Personality(name="flaky", prefix="/flaky"), Personality(name="steady", prefix="/steady"))
    with EmulatorProcess(*providers) as running:
        yield running


@pytest.fixture(scope="module")
def house(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    directory: Path = tmp_path_factory.mktemp("house")
    with RunningHouse(directory, config(emulator)) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_answered_retried_and_billed_as_it_should_be(
    case: Case, house: RunningHouse, emulator: EmulatorProcess
) -> None:
    seen = run(case, house, emulator)
    record = seen.record
    assert tuple(tried.fault for tried in record.tried) == case.tally
    assert (seen.status, seen.code) == (case.status, case.code)
    assert (record.ending, record.certainty) == (case.ending, case.certainty)
    if case.stream and case.ending == "finished":
        assert seen.body.endswith(b"data: [DONE]\n\n")
    if case.stream and case.ending == "severed":
        assert b"[DONE]" not in seen.body
    receipt = receipt_of(record.tried)
    assert (record.cost, record.price) == (receipt.cost.nanos, receipt.price.nanos)
    assert (record.price > 0) == (record.ending in {"finished", "severed"})


def test_a_client_that_hangs_up_stops_the_upstream_and_pays_for_what_came(
    house: RunningHouse, emulator: EmulatorProcess
) -> None:
    emulator.arm("slow seconds=0.05 rate=20", provider="flaky")
    emulator.reset()
    client = raw(house, {"model": "alone", "stream": True, "max_tokens": 400, "messages": [{"role": "user", "content": "Hi"}]})
    head = client.recv(4096)
    client.close()
    request_id = head.partition(b"x-request-id: ")[2][:32].decode()
    record = house.record(request_id)
    assert (record.ending, record.certainty, record.status) == ("client_gone", "estimated", 499)
    assert 0 < record.usage.output < 100
    house.wait_for(lambda: emulator.counts()["cut_by_peer"] == 1, "the upstream to notice")


def test_a_client_that_hangs_up_before_any_answer_pays_for_the_prompt(house: RunningHouse, emulator: EmulatorProcess) -> None:
    emulator.arm("stall seconds=5", provider="flaky")
    emulator.reset()
    client = raw(house, {"model": "alone", "messages": [{"role": "user", "content": "Hi there, how are you?"}]})
    house.wait_for(lambda: len(emulator.counts()["ids"]) == 1, "the upstream to be asked")
    client.close()
    record = house.record(next(iter(emulator.counts()["ids"])))
    assert (record.ending, record.certainty) == ("client_gone", "estimated")
    assert record.usage.input > 0
    assert record.usage.output == 0
    assert record.price == record.usage.input * 1000


def test_a_slow_client_gets_everything(house: RunningHouse, emulator: EmulatorProcess) -> None:
    emulator.arm("", provider="flaky")
    client = raw(
        house, {"model": "alone", "stream": True, "max_tokens": 3000, "messages": [{"role": "user", "content": "Tell all"}]}
    )
    received = b""
    while not received.endswith(b"0\r\n\r\n"):
        piece = client.recv(300)
        assert piece, received[-200:]
        received += piece
    client.close()
    assert b"data: [DONE]" in received
