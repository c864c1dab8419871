"""The whole product as its users meet it: `headworks serve` as a process, real sockets, an emulated provider behind it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from headworks.domain.exchange import Exchange
from headworks.stores.journal import find, newest_first
from headworks.stores.journal.recovery import open_exchanges
from headworks.stores.journal.segment import find_epochs
from headworks.wiring.process_runfile import read

KEY = "hw-system-test"
DEADLINE = 60.0


class RunningHouse:
    """`with RunningHouse(tmp_path, config) as house: house.url`. `config` lacks only what every test has the same."""

    def __init__(self, directory: Path, config: dict[str, Any], environment: dict[str, str] | None = None) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.journal = directory / "j"
        self.port, self.control_port = free_port(), free_port()
        self.path = directory / "headworks.yaml"
        self.output = directory / "output.log"
        self._environment = {**os.environ, "SYSTEM_TEST_KEY": KEY, **(environment or {})}
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.write_config(config)

    @property
    def url(self) -> str:
        """Of the data plane, without `/v1`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> str:
        """Of the control plane."""
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def facts(self) -> dict[str, str]:
        """Who runs: names and process ids."""
        return read(self.journal)

    def gateway_pid(self) -> int:
        """The gateway process of the moment; 0 while there is none."""
        return int(self.facts.get("gateway", 0))

    def write_config(self, config: dict[str, Any]) -> None:
        """Write the file that it serves by."""
        common = {
            "keys": {"tester": {"key": "${SYSTEM_TEST_KEY}"}},
            "journal": {"directory": str(self.journal)},
            "server": {"port": self.port, **config.get("server", {})},
            "control": {"port": self.control_port},
        }
        self.path.write_text(yaml.safe_dump({**config, **{key: config.get(key, value) for key, value in common.items()}}))

    def __enter__(self) -> Self:
        log = self._stack.enter_context(self.output.open("ab"))
        command = [sys.executable, "-m", "headworks.wiring.supervisor", *self._arguments()]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)
        self.wait_for(lambda: b"ready in" in self.output.read_bytes(), "the house to be ready")
        return self

    def _arguments(self) -> list[str]:
        return [
            "--host=127.0.0.1",
            f"--port={self.port}",
            "--control-host=127.0.0.1",
            f"--control-port={self.control_port}",
            f"--directory={self.journal}",
            "--drain=10",
            f"--began={time.monotonic()}",
            f"--config={self.path}",
        ]

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            assert self._process is not None
            self._process.kill()
            raise
        finally:
            self._stack.close()

    def stop(self) -> int:
        """SIGTERM, and wait: the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DEADLINE)

    def signal(self, number: signal.Signals) -> None:
        """To the supervisor."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait_for(self, met: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
        """Look until `met()` is true. Raises `TimeoutError` with the house's output."""
        deadline = time.monotonic() + seconds
        never = threading.Event()
        while not met():
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"the house ended with {self._process.returncode}:\n{self.output.read_text()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds} s for {what}:\n{self.output.read_text()[-3000:]}")
            never.wait(0.02)

    def ended(self) -> list[Exchange]:
        """All end-records of the journal, newest first."""
        return list(newest_first(self.journal))

    def under_way(self) -> int:
        """Exchanges that have begun and not ended, by the journal."""
        return sum(len(open_exchanges(segments)) for segments in find_epochs(self.journal).values())

    def record(self, request_id: str) -> Exchange:
        """The end-record of one exchange, once it is there."""
        self.wait_for(lambda: self._ended(request_id) is not None, f"the record of {request_id}")
        record = self._ended(request_id)
        assert record is not None
        return record

    def _ended(self, request_id: str) -> Exchange | None:
        stories = find(self.journal, request_id)
        return stories[0].end if stories else None

    def metrics(self) -> str:
        """What Prometheus would read."""
        with urllib.request.urlopen(f"{self.control}/metrics", timeout=DEADLINE) as answer:  # noqa: S310 - our own address
            return answer.read().decode()


def free_port() -> int:
    """A port that nobody uses at the moment, of those that no system gives to whoever asks for any: tests beside this one do."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", 10_000 + secrets.randbelow(22_000)))
            return int(probe.getsockname()[1])
