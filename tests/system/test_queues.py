"""Requests that wait in the gateway for their turn, over real HTTP: a flood of one key, batch beside people, and clients that hang up."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.testing.emulator import EmulatorProcess, Pace, Personality

from .house import RunningHouse

QUIET = 4
WORKERS = 4
"""Of each quiet key: twice as many as its share of the slots."""
SECONDS = 0.2
"""That an answer takes."""
SLOTS = 10


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    pace = Pace(first_token=SECONDS, first_token_spread=0.0, tokens_per_second=0.0)
    with EmulatorProcess(*(Personality(name=name, prefix=f"/{name}", pace=pace) for name in ("a", "b"))) as running:
        yield running


@pytest.fixture(scope="module")
def house(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    compatible = {"type": "openai-compatible", "api_key": "sk-emulated"}
    directory: Path = tmp_path_factory.mktemp("house")
    names = ["flood", "people", "nightly", *(f"quiet-{number}" for number in range(QUIET))]
    keys: dict[str, Any] = {name: {"key": f"hw-{name}"} for name in names}
    keys["people"]["priority"] = "interactive"
    keys["nightly"]["priority"] = "batch"

    def model(slots: int, **queue: Any) -> dict[str, Any]:
        targets = [{"model": f"{name}/m", "price": "free", "weight": 1} for name in emulator.urls]
        return {"targets": targets, "queue": {"concurrency": slots // 2, **queue}}

    config = {
        "providers": {name: {**compatible, "base_url": f"{url}/v1"} for name, url in emulator.urls.items()},
        "models": {"shared": model(SLOTS), "alone": model(SLOTS // (QUIET + 1)), "small": model(2, size=3, wait=0.5)},
        "keys": keys,
        "retries": {"attempts": 1},
    }
    with RunningHouse(directory, config) as running:
        yield running


class Client(threading.Thread):
    """Asks one question after another, until it is told to stop. `waits` are seconds beyond those of the answer itself."""

    def __init__(self, house: RunningHouse, key: str, model: str, stop: threading.Event, **headers: str) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.statuses: list[int] = []
        self.replies: list[tuple[http.client.HTTPMessage, bytes]] = []
        self._house, self._model, self._stop_asking = house, model, stop
        self._headers = {"authorization": f"Bearer hw-{key}", "content-type": "application/json", **headers}

    def run(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self._house.port, timeout=60.0)
        content = {"model": self._model, "stream": True, "max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]}
        body = msgspec.json.encode(content)
        while not self._stop_asking.is_set():
            began = time.monotonic()
            client.request("POST", "/v1/chat/completions", body, self._headers)
            response = client.getresponse()
            self.statuses.append(response.status)
            self.waits.append(time.monotonic() - began - SECONDS)
            self.replies.append((response.headers, response.read()))
        client.close()


def waits(house: RunningHouse, asked: dict[str, int], model: str, seconds: float) -> dict[str, float]:
    """By key, the 90th percentile of the waits of so many clients each."""
    stop = threading.Event()
    clients = {key: [Client(house, key, model, stop) for _ in range(number)] for key, number in asked.items()}
    every = [client for group in clients.values() for client in group]
    for client in every:
        client.start()
    threading.Event().wait(seconds)
    stop.set()
    for client in every:
        client.join()
    assert {status for client in every for status in client.statuses} == {200}
    found = {key: sorted(wait for client in group for wait in client.waits[2:]) for key, group in clients.items()}
    return {key: values[len(values) * 9 // 10] for key, values in found.items()}


def test_beside_a_flood_each_waits_as_if_alone_with_its_share(house: RunningHouse) -> None:
    alone = waits(house, {"quiet-0": WORKERS}, "alone", 3.0)["quiet-0"]
    beside = waits(house, {"flood": 40, **{f"quiet-{number}": WORKERS for number in range(QUIET)}}, "shared", 4.0)
    quiet = max(beside[f"quiet-{number}"] for number in range(QUIET))
    print(
        f"\np90 wait alone with a share {alone:.3f} s; beside a flood at the most {quiet:.3f} s; of the flood {beside['flood']:.3f} s"
    )

    assert quiet <= 1.2 * alone + 0.05
    assert beside["flood"] > 3.0 * quiet


def test_people_go_before_batch(house: RunningHouse) -> None:
    found = waits(house, {"nightly": 40, "people": 6}, "shared", 4.0)
    print(f"\np90 wait of people {found['people']:.3f} s, of batch {found['nightly']:.3f} s")

    assert found["people"] < 1.5 * SECONDS
    assert found["nightly"] > 2.0 * found["people"]


def test_who_finds_the_queue_full_or_waits_too_long_is_told_when_to_come_back(house: RunningHouse) -> None:
    stop = threading.Event()
    clients = [Client(house, "flood", "small", stop) for _ in range(12)]
    for client in clients:
        client.start()
    threading.Event().wait(2.0)
    stop.set()
    for client in clients:
        client.join()
    statuses = {status for client in clients for status in client.statuses}
    assert 200 in statuses
    assert statuses <= {200, 429, 503}
    headers, body = next(
        reply for client in clients for reply, status in zip(client.replies, client.statuses, strict=True) if status == 429
    )
    assert int(headers["retry-after"]) >= 1
    assert msgspec.json.decode(body)["error"]["code"] == "queue_full"


def test_a_client_that_hangs_up_gives_its_place_to_the_next(house: RunningHouse, emulator: EmulatorProcess) -> None:
    emulator.arm("stall seconds=1.5")
    stop = threading.Event()
    holders = [Client(house, "flood", "small", stop) for _ in range(2)]
    for client in holders:
        client.start()
    house.wait_for(lambda: house.under_way() >= 2, "both slots to be taken")
    for _ in range(20):  # each would fill the queue, did it stay
        leaving = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60.0)
        body = msgspec.json.encode({"model": "small", "stream": True, "messages": [{"role": "user", "content": "Hi"}]})
        leaving.request(
            "POST", "/v1/chat/completions", body, {"authorization": "Bearer hw-quiet-0", "content-type": "application/json"}
        )
        leaving.close()
    house.wait_for(
        lambda: 'headworks_queue_waiting_requests{priority="default",queue="small"} 0.0' in house.metrics(), "them to be gone"
    )
    stop.set()
    for client in holders:
        client.join()
    emulator.arm("")


def test_a_lower_class_is_taken_and_a_wrong_one_is_refused(house: RunningHouse) -> None:
    def asked(priority: str) -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60.0)
        body = msgspec.json.encode({"model": "shared", "max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]})
        headers = {"authorization": "Bearer hw-people", "content-type": "application/json", "x-headworks-priority": priority}
        client.request("POST", "/v1/chat/completions", body, headers)
        response = client.getresponse()
        answer = response.status, response.read()
        client.close()
        return answer

    assert asked("batch")[0] == 200
    status, body = asked("urgent")
    assert status == 400
    assert b"none of system, interactive, default, batch, sheddable" in body
