"""A pool of replicas that come and go, by the word of a cluster: a running gateway follows, and nobody loses an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.testing.emulator import EmulatorProcess, Pace, Personality, Settings

from .house import RunningHouse, free_port
from .replicas import Clients

PACE = Pace(first_token=0.02, first_token_spread=0.1, tokens_per_second=0.0)


class Cluster:
    """The API of a cluster, whose one service has the pods that the test says."""

    def __init__(self) -> None:
        self.pods: list[str] = []
        self.well = True
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                slices = {"items": [{"addressType": "IPv4", "endpoints": [{"addresses": [pod]} for pod in cluster.pods]}]}
                self.send_response(200 if cluster.well else 500)
                self.end_headers()
                self.wfile.write(msgspec.json.encode(slices))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.close()


def config(cluster: Cluster, port: int) -> dict[str, Any]:
    kubernetes = {"service": "llama", "namespace": "ml", "port": port, "api": cluster.url}
    pool = {"kubernetes": kubernetes, "every": 0.5}
    return {
        "providers": {"gpu": {"type": "openai-compatible", "api_key": "sk-emulated", "replicas": pool}},
        "models": {"chat": {"targets": [{"model": "gpu/llama", "price": "free"}]}},
    }


def asked(emulator: EmulatorProcess) -> int:
    return emulator.counts()["begun"]


def test_replicas_that_come_and_go_are_followed_and_no_answer_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        pods = {
            host: stack.enter_context(
                EmulatorProcess(settings=Settings(host=host, port=port, providers=(Personality(name=host, pace=PACE),)))
            )
            for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3")
        }
        cluster.pods = ["127.0.0.1", "127.0.0.2"]
        house = stack.enter_context(RunningHouse(tmp_path, config(cluster, port)))
        with Clients(house, "chat", 4) as asking:
            house.wait_for(lambda: asked(pods["127.0.0.1"]) > 0 and asked(pods["127.0.0.2"]) > 0, "both to be asked")
            cluster.pods = ["127.0.0.2", "127.0.0.3"]
            house.wait_for(lambda: b"joined" in house.output.read_bytes(), "the change")
            house.wait_for(lambda: asked(pods["127.0.0.3"]) > 0, "the new one to be asked")
            cluster.well = False  # who was known stays
            house.wait_for(lambda: b"are not found" in house.output.read_bytes(), "the trouble to be told")
            gone = asked(pods["127.0.0.1"])
            before = asked(pods["127.0.0.3"])
            house.wait_for(lambda: asked(pods["127.0.0.3"]) > before, "the new one to be asked on")
        assert asked(pods["127.0.0.1"]) - gone <= 4  # those under way at the change
        assert {status for status, _ in asking.answers} == {200}
        assert all(whole for _, whole in asking.answers)
        metrics = house.metrics()
    assert 'headworks_replicas{provider="gpu"} 2.0' in metrics
    assert 'headworks_replicas_lost{provider="gpu"} 1.0' in metrics
