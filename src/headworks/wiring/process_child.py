"""One running process of ours, as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

READY = b"READY\n"
"""What a child writes to the pipe named by `--ready` when it can serve."""

HURRY = 5.0
"""Seconds a child that has been asked twice to leave may take."""


class Program(NamedTuple):
    """What to run: a module of ours, its arguments, and the file descriptors it inherits. `grace` is the seconds it may
    take to leave after SIGTERM before it is killed. With `essential`, a first start that fails is not repeated.
    """

    name: str
    module: str
    arguments: Sequence[str]
    fds: Sequence[int]
    grace: float
    essential: bool = False

    def command(self) -> list[str]:
        """The command line, run by this interpreter. `-P` keeps the working directory out of the import path."""
        return [sys.executable, "-P", "-m", self.module, *self.arguments]


class Child:
    """Made by starting it; forgotten once `poll` has told how it ended. Not thread-safe: it belongs to the supervisor's loop."""

    def __init__(self, program: Program, now: float) -> None:
        self.name = program.name
        self.grace = program.grace
        self.born = now
        self.ready = False
        self.reload_wanted = False
        self.kill_at: float | None = None
        self.ready_fd, theirs = os.pipe()
        os.set_blocking(self.ready_fd, False)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*program.command(), f"--ready={theirs}"],
                stdin=subprocess.DEVNULL,
                pass_fds=(*program.fds, theirs),
                process_group=0,  # a Ctrl-C in the terminal is the supervisor's alone to hear
            )
        except OSError:
            os.close(self.ready_fd)
            raise
        finally:
            os.close(theirs)
        self.pid = self._process.pid

    def __repr__(self) -> str:
        return f"{self.name} {self.pid}"

    def hear(self) -> bool:
        """Read the ready pipe, once, when there is something to read; whether it is the word and not the pipe's end."""
        self.ready = os.read(self.ready_fd, len(READY)) == READY
        os.close(self.ready_fd)
        self.ready_fd = -1
        return self.ready

    def poll(self) -> int | None:
        """The exit code if it has ended (negative: the signal that ended it)."""
        return self._process.poll()

    def reload(self) -> None:
        """Ask it to read its configuration again: now, or when it is ready (before that the signal would kill it)."""
        if self.ready:
            self._process.send_signal(signal.SIGHUP)
        else:
            self.reload_wanted = True

    def leave(self, now: float) -> None:
        """Ask it to finish what it has in hand and go; a second time, to drop it and go."""
        if self.kill_at is None:
            self._process.terminate()
            self.kill_at = now + self.grace
        else:
            self._process.send_signal(signal.SIGINT)  # another signal: two SIGTERMs can arrive as one
            self.kill_at = min(self.kill_at, now + HURRY)

    def kill(self) -> None:
        """End it."""
        self._process.kill()
