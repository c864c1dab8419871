"""`headworks demo`, as a newcomer meets it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.running import PATIENCE, eventually
from tests.system.house import free_port


def test_the_demo_comes_up_answers_its_own_curl_line_and_leaves_nothing(tmp_path: Path) -> None:
    port, control_port = free_port(), free_port()
    output = tmp_path / "output"
    command = [sys.executable, "-P", "-m", "headworks", "demo", f"--port={port}", f"--control-port={control_port}"]
    with output.open("w") as sink:
        demo = subprocess.Popen(command, stdout=sink, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: "Ctrl-C stops everything" in output.read_text() or demo.poll() is not None, "the banner")
        said = output.read_text()
        status, answer = follow_the_curl_line(said)
        eventually(lambda: is_seen(control_port), "simulated clients in the metrics")
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(PATIENCE)

    assert (status, code) == (200, 0)
    assert "headworks exchanges --follow --config /" in said
    assert answer["choices"][0]["message"]["content"]
    assert not directory_in(said).exists()
    assert " answered, " in output.read_text()


@pytest.mark.parametrize("signals", [(signal.SIGHUP,), (signal.SIGTERM, signal.SIGTERM)], ids=["closed terminal", "told twice"])
def test_the_demo_leaves_nothing_however_it_is_told_to_end(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    port, control_port = free_port(), free_port()
    output = tmp_path / "output"
    places = [f"--port={port}", f"--control-port={control_port}"]
    command = [sys.executable, "-P", "-m", "headworks", "demo", *places]
    with output.open("w") as sink:
        demo = subprocess.Popen(command, stdout=sink, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: "Ctrl-C stops everything" in output.read_text() or demo.poll() is not None, "the banner")
        directory = directory_in(output.read_text())
        assert directory.exists()
        for number in signals:
            demo.send_signal(number)
            eventually(lambda: "clients:" in output.read_text() or not is_up(port), "the beginning of the end")
    finally:
        demo.terminate()
        code = demo.wait(PATIENCE)

    assert code == 0
    assert not directory.exists()


def directory_in(said: str) -> Path:
    found = re.search(r"config +(\S+)/headworks.yaml", said)
    assert found is not None, said
    return Path(found[1])


def is_up(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def follow_the_curl_line(said: str) -> tuple[int, dict[str, list[dict[str, dict[str, str]]]]]:
    """Do what the printed line says: address, key and body are taken from it."""
    found = re.search(r"curl http://([\d.:]+)(\S+) -H 'Authorization: ([^']+)' \\\n +-d '(.+)'", said)
    assert found is not None, said
    with closing(http.client.HTTPConnection(found[1], timeout=PATIENCE)) as connection:
        connection.request("POST", found[2], found[4], {"authorization": found[3]})
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def is_seen(control_port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", control_port, timeout=PATIENCE)) as connection:
        connection.request("GET", "/metrics")
        return b"headworks_requests_total{" in connection.getresponse().read()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a port")
def test_the_demo_says_who_has_its_port() -> None:
    control_port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        ports = [f"--port={squatter.getsockname()[1]}", f"--control-port={control_port}"]
        command = [sys.executable, "-P", "-m", "headworks", "demo", *ports]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 69
    assert "is taken by" in done.stderr
    assert "choose another port with --port" in done.stderr
