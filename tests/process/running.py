"""A supervisor running for real, and clients that talk to what it runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from headworks.wiring.process_runfile import read

HERE = Path(__file__).parent
PATIENCE = 60.0


class Running:
    """`python -m headworks.wiring.supervisor` with stub children, and what it has said so far."""

    def __init__(self, directory: Path, *arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
        self.directory = directory
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._deaf = threading.Event()
        stubs = ("--gateway=stub_gateway", "--control=stub_control")
        places = ("--port=0", "--control-port=0", f"--directory={directory}")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "headworks.wiring.supervisor", *places, *stubs, *arguments],
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=pass_fds,
            env={**os.environ, "PYTHONPATH": str(HERE)},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stderr:
            for line in stderr:
                with self._news:
                    self.lines.append(line.rstrip())
                    self._news.notify_all()
                if self._deaf.is_set():
                    return

    def stop_listening(self) -> None:
        """Close the pipe that it speaks into."""
        self._deaf.set()
        self.signal(signal.SIGHUP)  # so that it says something, and we notice
        self._reader.join(PATIENCE)

    def wait_for(self, text: str, times: int = 1) -> str:
        """The line in which `text` is said for the `times`-th time."""

        def said() -> list[str]:
            return [line for line in self.lines if text in line]

        with self._news:
            assert self._news.wait_for(lambda: len(said()) >= times, PATIENCE), f"{text!r} ×{times} not in {self.lines}"
            return said()[times - 1]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def insist(self, text: str) -> None:
        """Ask it to stop again and again until it says `text`: what comes close after the first is not heard as a second."""

        def says() -> bool:
            self.signal(signal.SIGTERM)
            return any(text in line for line in self.lines)

        eventually(says, text)

    def wait(self) -> int:
        """The exit code, once it has ended and all it said is read."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """End it, however it is."""
        for _ in range(3):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(2)
                except subprocess.TimeoutExpired:
                    continue
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    @property
    def ports(self) -> tuple[int, int]:
        """The ports of the gateway and of the control process."""
        words = self.wait_for("listening on").replace(")", "").split()
        return int(words[4].rpartition(":")[2]), int(words[6].rpartition(":")[2])

    def facts(self) -> dict[str, int]:
        """The run file."""
        return {name: int(number) for name, number in read(self.directory).items()}

    def get(self, path: str = "/", timeout: float = PATIENCE) -> str:
        """Ask the gateway on a new connection: «pid reloads»."""
        return get(self.ports[0], path, timeout)


def get(port: int, path: str = "/", timeout: float = PATIENCE) -> str:
    """One request on one connection. Raises `OSError` when refused, `ConnectionResetError` when the answer does not come."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        answer = b""
        while piece := sock.recv(4096):
            answer += piece
    if b"\r\n\r\n" not in answer:
        raise ConnectionResetError("closed without an answer")
    return answer.partition(b"\r\n\r\n")[2].decode()


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        pause.wait(0.01)
