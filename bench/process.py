"""Child processes and what /proc says of them: CPU, memory, sleep and waking."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TICK = 1.0 / os.sysconf("SC_CLK_TCK")
_STOP_WITHIN = 15.0


class Failed(Exception):
    """A program did not do what was expected of it; the message says which and shows the end of its output."""


class Memory(NamedTuple):
    """Of one process or several together, bytes. `pss` counts shared pages by share."""

    rss: int
    pss: int


class Program:
    """A running child with its own process group. Its output goes to a log file."""

    def __init__(
        self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.log = log
        leash = shutil.which("setpriv")
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                [*([leash, "--pdeathsig", "TERM"] if leash else []), *command],  # nobody outlives a bench that is killed
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        self.born = time.monotonic()

    @property
    def pid(self) -> int:
        """Of the process that was started, not of its children."""
        return self._process.pid

    def tree(self) -> list[int]:
        """Its pid and those of all its descendants."""
        return [self.pid, *descendants(self.pid)]

    def wait_until(self, ready: Callable[[], bool], within: float) -> float:
        """Seconds from start until `ready()`. Raises `Failed` if the child ends or takes longer than `within`."""
        while True:
            if ready():
                return time.monotonic() - self.born
            if self._process.poll() is not None:
                raise Failed(f"ended with {self._process.returncode}: {self.tail()}")
            if time.monotonic() - self.born > within:
                self.stop()
                raise Failed(f"not ready within {within:g} s: {self.tail()}")
            time.sleep(0.005)

    def tail(self) -> str:
        """The end of its output."""
        return self.log.read_text(errors="replace")[-1500:]

    def freeze(self) -> None:
        """Stop every process of the tree where it is, so that it takes no CPU while others are measured."""
        _signal(self.tree(), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        _signal(self.tree(), signal.SIGCONT)

    def stop(self) -> None:
        """Terminate, and kill what is left after a while."""
        self.thaw()
        tree = self.tree()
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _signal([pid for pid in tree[1:] if _parent(pid) == 1], signal.SIGKILL)


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of these processes, their threads included. Raises `Failed` when one has gone."""
    return sum(_ticks(pid) for pid in pids) * TICK


def memory(pids: Sequence[int]) -> Memory:
    """Resident memory of these processes together."""
    rss = pss = 0
    for pid in pids:
        rss += _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") * 1024
        pss += _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") * 1024
    return Memory(rss, pss)


def command_line(pid: int) -> str:
    """Of a process, empty if it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return plug.getsockname()[1]


def _signal(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def descendants(pid: int) -> list[int]:
    """Pids of its children, and theirs; none where it has ended."""
    try:
        children = [
            int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [one for child in children for one in (child, *descendants(child))]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _ticks(pid: int) -> int:
    try:
        fields = _stat(pid)
    except OSError:
        raise Failed(f"process {pid} ended while it was measured") from None
    return int(fields[11]) + int(fields[12])


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except OSError:
        return 0


def _kilobytes(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
