from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headworks.wiring.voice import say
from tests.process.running import Running, eventually, get

Start = Callable[..., Running]


def gateway_of(running: Running) -> int:
    """The pid of the gateway that answers."""
    return int(running.get().split()[0])


class Crowd:
    """Clients that ask all the time, one connection a request, and note what went wrong."""

    def __init__(self, port: int, clients: int = 4) -> None:
        self.answered: list[str] = []
        self.reset = 0
        self.refused = 0
        self._port = port
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._enough.is_set():
            try:
                self.answered.append(get(self._port).split()[0])
            except ConnectionRefusedError:
                self.refused += 1
            except OSError:
                self.reset += 1

    def go_home(self) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()


def test_it_says_how_soon_it_is_ready_and_serves(start: Start) -> None:
    running = start()

    line = running.wait_for("ready in")

    assert float(line.split("ready in ")[1].split()[0]) > 0
    gateway = gateway_of(running)
    eventually(lambda: running.facts().get("gateway") == gateway, "the gateway in the run file")


def test_sigterm_stops_both_processes_and_exits_with_zero(start: Start) -> None:
    running = start()
    running.wait_for("ready in")

    running.signal(signal.SIGTERM)

    assert running.wait() == 0
    assert any("gateway" in line and "has left" in line for line in running.lines)
    assert any("control" in line and "has left" in line for line in running.lines)


def test_an_answer_under_way_is_finished_before_the_stop(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    with socket.create_connection(("127.0.0.1", running.ports[0])) as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        eventually(lambda: running.get() != "", "an answer beside the slow one")
        with socket.create_connection(("127.0.0.1", running.ports[0])) as go:
            running.signal(signal.SIGTERM)
            running.wait_for("stopping")
            go.sendall(b"GET /go HTTP/1.1\r\n\r\n")
            go.recv(1)
            answer = slow.recv(4096)

    assert answer.startswith(b"HTTP/1.1 200")
    assert running.wait() == 0


def test_a_second_sigterm_does_not_wait_for_answers_under_way(start: Start) -> None:
    running = start("--drain=600")
    running.wait_for("ready in")
    with socket.create_connection(("127.0.0.1", running.ports[0])) as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        running.get()
        running.insist("hurrying")

        assert running.wait() == 0

    assert not any("did not leave" in line for line in running.lines)


def test_a_stop_heard_twice_at_once_is_one(start: Start) -> None:
    running = start()
    running.wait_for("ready in")

    for _ in range(5):
        running.signal(signal.SIGTERM)

    assert running.wait() == 0
    assert not any("hurrying" in line for line in running.lines)


def test_a_third_request_to_stop_kills(start: Start) -> None:
    running = start("--drain=600", mode="stubborn")
    running.wait_for("ready in")

    running.insist("killing")

    assert running.wait() == 0
    assert any("killed by SIGKILL" in line for line in running.lines)


def test_a_gateway_that_does_not_leave_is_killed_at_its_deadline(start: Start) -> None:
    running = start("--drain=-4.5", mode="deaf")
    running.wait_for("ready in")

    running.signal(signal.SIGTERM)

    assert running.wait() == 0
    assert any("did not leave within 0.5 s: killed" in line for line in running.lines)


def test_nobody_is_refused_when_the_gateway_is_killed(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    crowd = Crowd(running.ports[0])
    eventually(lambda: bool(crowd.answered), "an answer by the first gateway")

    for times in (1, 2, 3):
        os.kill(running.facts()["gateway"], signal.SIGKILL)
        running.wait_for("killed by SIGKILL", times)
        eventually(lambda times=times: running.facts()["restarts"] >= times, "another start")
        running.wait_for("is ready after", times + 2)
        eventually(lambda: len(set(crowd.answered)) > times, "an answer by the new gateway")  # noqa: B023 - asked here only
    crowd.go_home()

    assert crowd.refused == 0
    assert crowd.reset <= 3 * 4


def test_a_rolling_restart_loses_no_request(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    before = gateway_of(running)
    crowd = Crowd(running.ports[0])

    for times in (1, 2, 3):
        running.signal(signal.SIGUSR2)
        running.wait_for("takes no more requests", times)
        running.wait_for("has left", times)
    crowd.go_home()

    assert (crowd.refused, crowd.reset) == (0, 0)
    assert gateway_of(running) == running.facts()["gateway"] != before
    assert running.facts()["restarts"] == 3


def test_a_rolling_restart_waits_for_answers_under_way(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    before = gateway_of(running)
    with socket.create_connection(("127.0.0.1", running.ports[0])) as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        with socket.create_connection(("127.0.0.1", running.ports[0])) as go:
            running.get()
            running.signal(signal.SIGUSR2)
            running.wait_for("takes no more requests")
            eventually(lambda: gateway_of(running) != before, "the successor answering")
            go.sendall(b"GET /go HTTP/1.1\r\n\r\n")
            go.recv(1)
            answer = slow.recv(4096)

    assert answer.endswith(f"{before} 0".encode())


def test_a_successor_that_cannot_start_leaves_the_present_gateway_serving(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    before = gateway_of(running)
    (running.directory / "mode").write_text("config")

    running.signal(signal.SIGUSR2)
    running.wait_for("ended before it was ready (exit code 78: its configuration is wrong)")

    assert gateway_of(running) == before
    eventually(lambda: running.facts()["refused"] == 1, "the refusal in the run file")


def test_in_a_crash_loop_the_door_stays_open_and_clients_wait(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    (running.directory / "mode").write_text("crash")
    os.kill(running.facts()["gateway"], signal.SIGKILL)
    running.wait_for("3 deaths in a row")

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(running.get)
        running.wait_for("4 deaths in a row")
        (running.directory / "mode").unlink()
        answer = waiting.result()

    assert answer.split()[0] == str(running.facts()["gateway"])


def test_the_death_of_the_control_process_never_touches_traffic(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    before = gateway_of(running)
    crowd = Crowd(running.ports[0], clients=2)
    control = running.facts()["control"]

    os.kill(control, signal.SIGKILL)
    eventually(lambda: running.facts().get("control", control) != control, "another control process")
    get(running.ports[1])
    crowd.go_home()

    assert set(crowd.answered) == {str(before)}
    assert (crowd.refused, crowd.reset) == (0, 0)


@pytest.mark.parametrize(("mode", "code"), [("crash", 1), ("config", 78)])
def test_a_first_start_that_fails_is_not_repeated(start: Start, mode: str, code: int) -> None:
    running = start(mode=mode)

    assert running.wait() == code
    assert any("the gateway could not start" in line for line in running.lines)


def test_sighup_reaches_the_gateway_and_only_the_gateway(start: Start) -> None:
    running = start()
    running.wait_for("ready in")

    running.signal(signal.SIGHUP)

    eventually(lambda: running.get().split()[1] == "1", "a reload")
    assert get(running.ports[1]).split()[1] == "0"


def test_a_taken_port_is_told_with_its_holder_and_the_remedy(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        running = start(f"--port={squatter.getsockname()[1]}")

        assert running.wait() == 69

    assert "Stop it, or choose another port with --port" in running.lines[0]
    if sys.platform == "linux":
        assert f"(pid {os.getpid()})" in running.lines[0]


def test_a_data_directory_belongs_to_one_supervisor(start: Start) -> None:
    first = start()
    first.wait_for("ready in")

    second = start()

    assert second.wait() == 69
    assert f"in use by another Headworks (pid {first.process.pid})" in second.lines[0]


def test_a_data_directory_that_cannot_be_made_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    running = Running(tmp_path / "file" / "data")

    assert running.wait() == 69
    assert "journal.directory" in running.lines[0]


def test_it_survives_those_who_listen_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error may be a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stderr", stream)

    say("to nobody")
    monkeypatch.undo()

    with pytest.raises(BrokenPipeError):
        stream.close()


def test_children_leave_when_the_supervisor_is_killed(start: Start) -> None:
    """Their standard error closes with the last of them."""
    running = start()
    running.wait_for("ready in")

    running.signal(signal.SIGKILL)

    assert running.wait() == -signal.SIGKILL
    assert sum("the supervisor is gone" in line for line in running.lines) == 2


def test_what_it_writes_is_nobody_elses_to_read(start: Start) -> None:
    running = start()
    running.wait_for("ready in")

    assert running.directory.stat().st_mode & 0o777 == 0o700
    assert (running.directory / "headworks.run").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_it_weighs_less_than_twenty_megabytes(start: Start) -> None:
    running = start()
    running.wait_for("ready in")

    status = Path(f"/proc/{running.process.pid}/status").read_text()
    resident = int(status.partition("VmRSS:")[2].split()[0])

    assert resident < 20_000
