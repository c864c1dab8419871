"""The process that stays: it owns the listening sockets, keeps one gateway and one control process running, and hands out signals.

    SIGTERM, SIGINT   finish what is in hand and stop; a second one hurries, a third one kills
    SIGHUP            the gateway reads its configuration again
    SIGUSR2           a new gateway, ready before the old one leaves (`headworks restart`)

It imports little on purpose: it does nothing all day, and should weigh nothing. Usually `headworks serve` becomes it.
"""

from __future__ import annotations

import argparse
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from headworks.wiring.process_child import Child, Program
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_keeper import Keeper, Say
from headworks.wiring.process_notify import notify
from headworks.wiring.process_runfile import DirectoryUnusableError, RunFile
from headworks.wiring.process_sockets import PortTakenError, listen
from headworks.wiring.voice import say

GATEWAY = "headworks.wiring.process_gateway"
CONTROL = "headworks.wiring.process_control"
CONTROL_GRACE = 10.0
OBEYED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD)
HURRIED = 2
ECHO = 0.5
"""Seconds within which a second request to stop is the first one heard again: `timeout` signals a process and its group."""


class Plan(NamedTuple):
    """What to supervise. `began` is the monotonic second at which the user pressed return, as far as we know it."""

    host: str
    port: int
    control_host: str
    control_port: int
    directory: Path
    began: float
    config: str = ""
    drain: float = 30.0
    gateway: str = GATEWAY
    control: str = CONTROL
    lifeline: int = -1
    """A pipe whose end means that whoever started us is gone; −1 for none."""


class Supervisor:
    """One per process: made, `run` once, gone."""

    def __init__(self, plan: Plan, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        """Opens the sockets and takes the data directory. Raises `PortTakenError`, `DirectoryUnusableError` or `OSError`."""
        self._plan = plan
        self._say = say
        self._clock = clock
        self._runfile = RunFile(plan.directory)
        self._doors = listen(plan.host, plan.port, "--port (or server.port)")
        self._back_doors = listen(plan.control_host, plan.control_port, "--control-port (or control.port)")
        # Children hold the other end: it closes when this process ends, however it ends, and they leave too.
        self._lifeline, self._kept_open = os.pipe()
        self._gateway = Keeper(self._program("gateway", plan.gateway, self._doors, plan.drain + 5.0), say)
        self._control = Keeper(self._program("control", plan.control, self._back_doors, CONTROL_GRACE), say)
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0
        self._asked_at = 0.0
        self._code = Exit.OK
        self._written: dict[str, int] = {}

    def _program(self, name: str, module: str, doors: Sequence[socket.socket], grace: float) -> Program:
        fds = [door.fileno() for door in doors]
        arguments = [
            f"--journal={self._plan.directory}",
            f"--lifeline={self._lifeline}",
            "--sockets=" + ",".join(map(str, fds)),
        ]
        if self._plan.config:
            arguments.append(f"--config={self._plan.config}")
        return Program(name, module, arguments, [*fds, self._lifeline], grace, essential=name == "gateway")

    def run(self) -> Exit:
        """Serve until told to stop. The process's signal handlers are ours from here on."""
        self._catch_signals()
        self._say(f"listening on {_place(self._doors)} (control: {_place(self._back_doors)})")
        for keeper in (self._gateway, self._control):
            keeper.start(self._clock())
        if self._plan.lifeline >= 0:
            self._selector.register(self._plan.lifeline, selectors.EVENT_READ, self._on_orphaned)
        while not (self._asked_to_stop and self._is_empty()):
            self._listen_to_children()
            for key, _ in self._selector.select(self._patience()):
                key.data()
            for keeper in (self._gateway, self._control):
                keeper.tick(self._clock())
            self._draw_conclusions()
        for number in OBEYED:
            signal.signal(number, signal.SIG_IGN)  # a late one must not spoil the exit code
        self._say("stopped" if self._code is Exit.OK else f"stopped with exit code {self._code:d}")
        return self._code

    def _is_empty(self) -> bool:
        return not self._gateway.children() and not self._control.children()

    def _draw_conclusions(self) -> None:
        gateway, control = self._gateway, self._control
        if gateway.failed_to_start and not self._asked_to_stop:
            self._code = Exit.CONFIG if gateway.last_exit == Exit.CONFIG else Exit.FAILED
            self._say("the gateway could not start: see above")
            self._asked_to_stop = 1
        if self._asked_to_stop and not gateway.children() and not control.stopping:
            control.stop(self._clock())  # last, so that it sees the last exchanges
        self._write_runfile()

    def _patience(self) -> float | None:
        times = [due for due in (self._gateway.due(), self._control.due()) if due is not None]
        return max(0.0, min(times) - self._clock()) if times else None

    def _write_runfile(self) -> None:
        facts = {
            "supervisor": os.getpid(),
            "port": self._doors[0].getsockname()[1],
            "control_port": self._back_doors[0].getsockname()[1],
            "restarts": self._gateway.restarts,
            "refused": self._gateway.refused,
        }
        for keeper in (self._gateway, self._control):
            if keeper.current is not None:
                facts[keeper.program.name] = keeper.current.pid
        if facts != self._written:
            self._written = facts
            try:
                self._runfile.write(facts)
            except OSError as trouble:  # a full disk must not end the service
                self._say(f"the run file cannot be written ({trouble.strerror}): headworks restart and doctor may be wrong")

    # --- what is heard

    def _catch_signals(self) -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            os.set_blocking(end.fileno(), False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in OBEYED:
            signal.signal(number, _heard)  # the wakeup socket tells the loop
        self._wakeup = (ours, theirs)
        self._selector.register(ours, selectors.EVENT_READ, self._on_signals)

    def _on_signals(self) -> None:
        for number in self._wakeup[0].recv(4096):
            if number in {signal.SIGTERM, signal.SIGINT}:
                self._stop()
            elif number == signal.SIGHUP and not self._asked_to_stop:
                self._say("SIGHUP: the gateway reads its configuration again")
                self._gateway.reload()
            elif number == signal.SIGUSR2 and not self._asked_to_stop:
                self._gateway.replace(self._clock())
        self._bury()

    def _listen_to_children(self) -> None:
        known = self._selector.get_map()
        for keeper in (self._gateway, self._control):
            for child in keeper.children():
                if child.ready_fd >= 0 and child.ready_fd not in known:
                    self._selector.register(child.ready_fd, selectors.EVENT_READ, _Word(self._on_word, keeper, child))

    def _on_word(self, keeper: Keeper, child: Child) -> None:
        self._selector.unregister(child.ready_fd)
        if not child.hear():
            return
        keeper.on_ready(child, self._clock())
        if keeper is self._gateway and not keeper.restarts:
            took = self._clock() - self._plan.began
            self._say(
                f"ready in {took:.2f} s: clients at http://{_place(self._doors)}/v1, control at http://{_place(self._back_doors)}"
            )
            notify(os.environ.get("NOTIFY_SOCKET", ""), "READY=1")

    def _on_orphaned(self) -> None:
        self._selector.unregister(self._plan.lifeline)
        self._stop()

    def _bury(self) -> None:
        for keeper in (self._gateway, self._control):
            for child in keeper.children():
                code = child.poll()
                if code is not None:
                    keeper.on_exit(child, code, self._clock())

    def _stop(self) -> None:
        now = self._clock()
        if self._asked_to_stop and now - self._asked_at < ECHO:
            return
        self._asked_to_stop += 1
        self._asked_at = now
        if self._asked_to_stop == 1:
            self._say(f"stopping: answers under way may take {self._plan.drain:g} s more; ask again to hurry")
            notify(os.environ.get("NOTIFY_SOCKET", ""), "STOPPING=1")
            self._gateway.stop(now)
        elif self._asked_to_stop == HURRIED:
            self._say("hurrying")
            self._gateway.stop(now)
            self._control.stop(now)
        else:
            self._say("killing")
            for child in (*self._gateway.children(), *self._control.children()):
                child.kill()


class _Word(NamedTuple):
    """A callback with the child it is about."""

    act: Callable[[Keeper, Child], None]
    keeper: Keeper
    child: Child

    def __call__(self) -> None:
        self.act(self.keeper, self.child)


def _heard(_number: int, _frame: object) -> None:
    """A handler must be there for the wakeup socket to be written to."""


def _place(doors: Sequence[socket.socket]) -> str:
    host, port = doors[0].getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_plan(arguments: Sequence[str]) -> Plan:
    """The command line that `headworks serve` turns into."""
    parser = argparse.ArgumentParser(prog="headworks.wiring.supervisor", description=__doc__, allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4455)
    parser.add_argument("--control-host", default="127.0.0.1")
    parser.add_argument("--control-port", type=int, default=4456)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--began", type=float, default=time.monotonic())
    parser.add_argument("--config", default="")
    parser.add_argument("--drain", type=float, default=30.0)
    parser.add_argument("--gateway", default=GATEWAY)
    parser.add_argument("--control", default=CONTROL)
    parser.add_argument("--lifeline", type=int, default=-1)
    return Plan(**vars(parser.parse_args(arguments)))


def main(arguments: Sequence[str]) -> int:
    """Supervise. Returns the process's exit code."""
    os.umask(0o077)  # what we and our children write is nobody else's to read
    try:
        return Supervisor(read_plan(arguments), say).run()
    except (PortTakenError, DirectoryUnusableError) as trouble:
        say(str(trouble))
        return Exit.UNAVAILABLE
    except OSError as trouble:
        say(f"cannot start: {trouble}")
        return Exit.FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
