"""Conversations and the life of the process they run in: slow sides, drains, deaths, reloads, limits, what is told of them afterwards."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending
from headworks.domain.usage import Certainty
from tests.realtime.calls import goodbye, id_of, say, until
from tests.realtime.conftest import config
from tests.realtime.talker import Talker
from tests.system.house import KEY, RunningHouse

HANDSHAKE = (
    b"GET /v1/realtime?model=voice HTTP/1.1\r\nhost: gateway\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: %b\r\nauthorization: Bearer %b\r\n\r\n"
) % (base64.b64encode(b"k" * 16), KEY.encode())
BOUND = 48_000_000
"""Bytes that a slow side may cost: buffers of sockets included."""


@pytest.fixture(scope="module")
def talker() -> Iterator[Talker]:
    """Of this module alone: it is driven to extremes."""
    with Talker() as running:
        yield running


@pytest.fixture(scope="module")
def house(talker: Talker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    with RunningHouse(tmp_path_factory.mktemp("running"), living(talker)) as running:
        yield running


def living(talker: Talker) -> dict[str, Any]:
    made = config(talker)
    made["keys"]["one"] = {"key": "hw-one-at-a-time", "limits": {"concurrent": 1}}
    made["keys"]["seldom"] = {"key": "hw-seldom", "limits": {"requests_per_minute": 2}}
    made["server"] = {"drain": 1}
    return made


def dial(house: RunningHouse, key: str = KEY) -> ClientConnection:
    """A conversation that has begun."""
    address = f"{house.url.replace('http', 'ws')}/v1/realtime?model=voice"
    made = connect(address, additional_headers={"authorization": f"Bearer {key}"}, max_size=None)
    assert "session.created" in str(made.recv())
    return made


def memory(house: RunningHouse) -> int:
    """Resident bytes of the gateway process."""
    lines = Path(f"/proc/{house.gateway_pid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def stuck(house: RunningHouse, count: Callable[[], int]) -> int:
    """What `count` comes to when it counts no further."""
    seen = [-1, -2]

    def still() -> bool:
        seen.append(count())
        return len(set(seen[-25:])) == 1

    house.wait_for(still, "a side to be made to wait")
    return seen[-1]


def test_an_upstream_that_floods_a_slow_client_is_made_to_wait(house: RunningHouse, talker: Talker) -> None:
    before = memory(house)
    with dial(house) as talk:
        # the client's library reads ahead a little, and then no more
        say(talk, "flood")
        house.wait_for(lambda: talker.flooded > 0, "the flood")
        flooded = stuck(house, lambda: talker.flooded)
        assert flooded < BOUND
        assert memory(house) - before < BOUND
        talker.healed.set()
        talk.socket.shutdown(socket.SHUT_RDWR)
    talker.healed.clear()
    assert house.record(id_of(talk)).ending == Ending.CLIENT_GONE


def test_a_client_that_floods_a_deaf_upstream_is_made_to_wait(house: RunningHouse, talker: Talker) -> None:
    before, sent = memory(house), 0
    talk = dial(house)
    sound = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 60_000})

    def flood() -> None:
        nonlocal sent
        try:
            while sent < 1_000_000_000:
                talk.send(sound)
                sent += len(sound)
        except ConnectionClosed:
            return

    say(talk, "be deaf")
    flooding = threading.Thread(target=flood)
    flooding.start()
    house.wait_for(lambda: sent > 0, "the flood")
    assert stuck(house, lambda: sent) < BOUND
    assert memory(house) - before < BOUND
    talker.healed.set()
    talk.socket.shutdown(socket.SHUT_RDWR)
    flooding.join()
    talker.healed.clear()
    assert house.record(id_of(talk)).ending in (Ending.CLIENT_GONE, Ending.FINISHED)


def test_a_client_that_pings_and_never_reads_costs_little(house: RunningHouse) -> None:
    """It is left: what it says then is dropped."""
    before, sent = memory(house), 0
    pings = (b"\x89\xfd" + b"\0" * 4 + b"p" * 125) * 100
    with socket.create_connection(("127.0.0.1", house.port)) as raw:
        raw.sendall(HANDSHAKE)
        assert raw.recv(12) == b"HTTP/1.1 101"
        raw.setblocking(False)  # noqa: FBT003 - the standard library's

        def flood() -> int:
            nonlocal sent
            with contextlib.suppress(BlockingIOError, ConnectionError):
                while sent < 200_000_000:
                    sent += raw.send(pings)
            return sent

        stuck(house, flood)
        assert memory(house) - before < BOUND


def test_a_conversation_holds_its_place_and_gives_it_back(house: RunningHouse) -> None:
    with dial(house, "hw-one-at-a-time"):
        with pytest.raises(InvalidStatus) as refused:
            dial(house, "hw-one-at-a-time")
        assert refused.value.response.status_code == 429
        assert b"concurrency_limit_exceeded" in (refused.value.response.body or b"")

    def free() -> bool:
        try:
            dial(house, "hw-one-at-a-time").close()
        except InvalidStatus:
            return False
        return True

    house.wait_for(free, "its place")


def test_a_conversation_is_one_request(house: RunningHouse) -> None:
    with dial(house, "hw-seldom") as talk:
        for _ in range(3):
            say(talk, "hello")
            until(talk, "response.done")
    dial(house, "hw-seldom").close()
    with pytest.raises(InvalidStatus) as refused:
        dial(house, "hw-seldom")

    assert refused.value.response.status_code == 429


def test_a_reload_leaves_it_alone(house: RunningHouse) -> None:
    with dial(house) as talk:
        document = yaml.safe_load(house.path.read_text())
        document["prices"]["live/*"]["output"] = 999
        house.path.write_text(yaml.safe_dump(document))
        house.signal(signal.SIGHUP)
        house.wait_for(
            lambda: b"in force" in house.output.read_bytes() or b"revision" in house.output.read_bytes(), "the reload"
        )
        say(talk, "hello")
        until(talk, "response.done")
    record = house.record(id_of(talk))

    assert record.ending == Ending.FINISHED
    assert record.cost == (60 * 1000 + 40 * 3000 + 20 * 1000 + 30 * 2000) * 1000, "at the price it began with"


def test_it_is_told_of_as_it_goes_and_afterwards(house: RunningHouse) -> None:
    with dial(house) as talk:
        house.wait_for(lambda: "headworks_requests_in_flight 1" in house.metrics() or _inflight(house) >= 1, "the gauge")
        assert house.under_way() >= 1
        say(talk, "hello")
        until(talk, "response.done")
    name = id_of(talk)
    house.record(name)

    told = _cli(house, "explain", name)
    assert "realtime" in told
    assert "live/gpt-realtime" in told
    listed = _cli(house, "exchanges", "--json")
    assert any(name in line and '"realtime"' in line for line in listed.splitlines())


def _inflight(house: RunningHouse) -> float:
    lines = [
        line
        for line in house.metrics().splitlines()
        if line.startswith("headworks") and "flight" in line.split("{")[0].split(" ")[0]
    ]
    return max((float(line.rpartition(" ")[2]) for line in lines), default=0.0)


def _cli(house: RunningHouse, *words: str) -> str:
    command = [sys.executable, "-m", "headworks", *words, "--config", str(house.path)]
    environment = {**os.environ, "SYSTEM_TEST_KEY": KEY, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment).stdout


def test_keys_are_neither_written_nor_told(house: RunningHouse) -> None:
    address = f"{house.url.replace('http', 'ws')}/v1/realtime?model=voice"
    connect(address, subprotocols=["realtime", f"openai-insecure-api-key.{KEY}"]).close()  # type: ignore[list-item]
    with pytest.raises(InvalidStatus) as refused:
        connect(address, subprotocols=["realtime", "openai-insecure-api-key.hw-mistyped-secret"]).close()  # type: ignore[list-item]
    assert b"hw-mistyped-secret" not in (refused.value.response.body or b"")
    written = b"".join(path.read_bytes() for path in house.journal.rglob("*.jsonl"))

    assert written
    for key in (KEY, "hw-mistyped-secret"):
        assert key.encode() not in written
        assert key.encode() not in house.output.read_bytes()


def test_a_killed_gateways_conversation_is_in_the_books_as_far_as_it_had_come(house: RunningHouse) -> None:
    talk = dial(house, "hw-one-at-a-time")
    name = id_of(talk)

    def marked() -> bool:
        say(talk, "hello")
        until(talk, "response.done")
        return b"".join(path.read_bytes() for path in house.journal.rglob("*.jsonl")).count(name.encode()) >= 2

    house.wait_for(marked, "a mark of how far it has come")
    killed = house.gateway_pid()
    os.kill(killed, signal.SIGKILL)
    goodbye(talk)
    house.wait_for(lambda: house.gateway_pid() not in (0, killed), "a new gateway")
    record: Exchange = house.record(name)

    assert record.ending == Ending.KILLED
    assert record.usage.output >= 50
    assert record.usage.output_audio >= 30
    assert record.certainty in (Certainty.REPORTED, Certainty.ESTIMATED)
    dial(house, "hw-one-at-a-time").close()


def test_a_drain_says_goodbye_and_is_recorded(talker: Talker, house: RunningHouse) -> None:
    talk = dial(house)
    say(talk, "hello")
    until(talk, "response.done")
    left: list[int] = talker.ended
    before = len(left)
    stopping = threading.Thread(target=house.stop)
    stopping.start()
    kinds, code = goodbye(talk)
    stopping.join()

    assert kinds == ["error"]
    assert code == 1013
    record = next(record for record in house.ended() if record.id == id_of(talk))
    assert (record.ending, record.fault) == (Ending.CANCELLED, "draining")
    assert record.usage.output == 50
    assert len(left) > before
