"""Conversations with TLS on both sides, and with limits that are counted elsewhere."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from headworks.domain.outcome import Ending
from headworks.testing.certificates import Certificate, self_signed
from headworks.testing.valkey import Server, find_server
from tests.realtime.calls import id_of, say, until
from tests.realtime.conftest import POOR, config
from tests.realtime.talker import Talker
from tests.system.house import KEY, RunningHouse


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def talker(certificate: Certificate) -> Iterator[Talker]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    with Talker(context) as running:
        yield running


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    program = find_server()
    if program is None:
        pytest.skip("there is no valkey-server or redis-server here")
    server = Server(program, tmp_path_factory.mktemp("v"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def house(
    talker: Talker, certificate: Certificate, counters: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHouse]:
    made: dict[str, Any] = config(talker)
    made["providers"]["live"]["tls"] = {"ca_file": str(certificate.cert)}
    made["server"] = {"cert_file": str(certificate.cert), "key_file": str(certificate.key)}
    made["cluster"] = {"url": counters.url}
    with RunningHouse(tmp_path_factory.mktemp("secured"), made) as running:
        yield running


def dial(house: RunningHouse, certificate: Certificate, key: str = KEY) -> ClientConnection:
    context = ssl.create_default_context(cafile=str(certificate.cert))
    address = f"wss://127.0.0.1:{house.port}/v1/realtime?model=voice"
    return connect(address, ssl=context, additional_headers={"authorization": f"Bearer {key}"}, max_size=None)


def test_it_talks_through_tls_on_both_sides(house: RunningHouse, certificate: Certificate) -> None:
    with dial(house, certificate) as talk:
        say(talk, "hello")
        until(talk, "response.done")
        name = id_of(talk)

    assert house.record(name).ending == Ending.FINISHED


def test_a_flood_through_tls_is_made_to_wait(house: RunningHouse, certificate: Certificate, talker: Talker) -> None:
    with dial(house, certificate) as talk:
        say(talk, "flood")
        seen: list[int] = [-1, -2]

        def still() -> bool:
            seen.append(talker.flooded)
            return talker.flooded > 0 and len(set(seen[-25:])) == 1

        house.wait_for(still, "the upstream to be made to wait")
        assert talker.flooded < 48_000_000
        talker.healed.set()
        heard = 0
        while heard < talker.flooded:
            heard += 60_000 * ("output_audio" in str(talk.recv())[:60])


def test_a_budget_that_is_counted_elsewhere_ends_it_in_time(house: RunningHouse, certificate: Certificate) -> None:
    """Each answer costs 0.4 dollars, and may cost 5: a budget of 6.50 has room for a few."""
    with dial(house, certificate, POOR) as talk:
        name = id_of(talk)
        with contextlib.suppress(ConnectionClosed):
            while True:
                say(talk, "hello")
                until(talk, "response.done")

    assert talk.close_code == 1008
    record = house.record(name)
    assert record.ending == Ending.CANCELLED
    assert 0 < record.cost <= 6_500_000_000
    assert record.overrun == 0
    assert int(record.notes["answers"]) >= 3
