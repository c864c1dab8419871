"""The service as it is run: supervisor, real gateway, real control process, emulated provider, real signals.

What becomes of requests when it is killed, replaced and stopped under load: tests/system/test_survival.py.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headworks.testing.emulator import EmulatorProcess, Personality
from tests.process.running import PATIENCE, Running, eventually

CONFIG = """
providers: {{sim: {{type: openai-compatible, base_url: "{url}"}}}}
models: {{chat: {{targets: [{{model: sim/m, price: {{input: 1, output: 2}}}}]}}}}
keys: {{k: {{key: "${{NO_SUCH_VARIABLE:-hw-process-test}}"}}}}
logs: {{detail: "off"}}
"""
KEY = "hw-process-test"
REAL = ("--gateway=headworks.wiring.process_gateway", "--control=headworks.wiring.process_control")

Serve = Callable[[], Running]


@pytest.fixture(scope="module")
def provider() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(Personality(name="sim", needs_key=False)) as emulator:
        yield emulator


@pytest.fixture
def serve(provider: EmulatorProcess, tmp_path: Path) -> Iterator[Serve]:
    """Start the service in front of the emulated provider."""
    started: list[Running] = []
    config = tmp_path / "headworks.yaml"
    config.write_text(CONFIG.format(url=provider.url))

    def begin() -> Running:
        started.append(Running(tmp_path / "j", *REAL, f"--config={config}", "--drain=5"))
        started[-1].wait_for("ready in")
        return started[-1]

    yield begin
    for running in started:
        running.close()


def test_a_wrong_configuration_ends_the_start_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "headworks.yaml"
    config.write_text('models: {chat: "nobody/m"}\n')
    running = Running(tmp_path / "j", *REAL, f"--config={config}")
    try:
        assert running.wait() == 78
    finally:
        running.close()

    assert any("headworks.yaml:1:" in line for line in running.lines)


def test_a_gateway_that_nobody_hears_takes_up_new_configuration_and_leaves_with_its_supervisor(serve: Serve) -> None:
    """Standard error may be a pipe whose reader has gone; what is said into it is lost, and nothing else."""
    running = serve()
    config, port = running.directory.parent / "headworks.yaml", running.ports[0]
    running.stop_listening()

    for name in ("talk", "chat"):  # what the first change says must not be what hinders the second
        other = {"talk": "chat", "chat": "talk"}[name]
        config.write_text(config.read_text().replace(other, name))
        running.signal(signal.SIGHUP)
        eventually(lambda name=name: models_of(port) == [name], "the new configuration")
    running.signal(signal.SIGKILL)
    running.wait()

    eventually(lambda: is_refused(port), "the gateway to leave")


def models_of(port: int) -> list[str]:
    """The names that the gateway lists."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {KEY}"})
        return [model["id"] for model in json.loads(connection.getresponse().read())["data"]]


def is_refused(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_gateway_with_nothing_to_serve_is_never_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the model server that it was started for is gone at its next start."""
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    running = Running(tmp_path / "j", *REAL)
    try:
        assert running.wait() == 78
    finally:
        running.close()

    assert any("OPENAI_API_KEY" in line for line in running.lines)
    assert not any("ready in" in line for line in running.lines)


def test_both_ports_tell_how_the_service_is(serve: Serve) -> None:
    running = serve()

    assert page(running.ports[0], "/readyz")[0] == 200
    status, metrics = page(running.ports[1], "/metrics")
    assert status == 200
    assert "headworks_" in metrics


def page(port: int, path: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_the_processes_keep_their_weight(serve: Serve) -> None:
    running = serve()
    page(running.ports[1], "/metrics")
    facts = running.facts()

    assert resident_megabytes(facts["gateway"]) < 120
    assert resident_megabytes(facts["control"]) < 250


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
