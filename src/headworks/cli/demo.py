"""`headworks demo`: a whole service with nothing outside this machine behind it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Literal

from headworks.cli.demo_farewell import FROM_THE_TERMINAL, Farewell
from headworks.cli.demo_setting import KEY, config_text, emulated
from headworks.cli.demo_traffic import Traffic
from headworks.cli.settings import check_ports, misuse
from headworks.testing.emulator import EmulatorProcess
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import CONFIG_NAME
from headworks.wiring.process_runfile import read

READY_WITHIN = 20.0
LEAVE_WITHIN = 15.0
GLANCE = 0.1


def demo(*, port: int = 4455, control_port: int = 4456, traffic: Literal["on", "off"] = "on", keep: Path | None = None) -> int:
    """Simulated providers, a gateway and live traffic. Needs no API key.

    Everything listens on this machine only and ends with Ctrl-C, or with the terminal. What a real service would spend is spent on nothing.

    Args:
        port: Port for clients.
        control_port: Port of the control plane.
        traffic: Whether simulated clients ask all the time, about two requests a second.
        keep: A directory for configuration and journal that stays. Left out: a temporary one that goes.
    """
    check_ports(port, control_port)
    print("Starting simulated providers, gateway and control plane ...", flush=True)
    with Farewell() as farewell, _directory(keep) as directory, _providers() as providers:
        places = _Places(directory, port, control_port)
        places.config.write_text(config_text(providers.urls))
        with _supervisor(places) as supervisor:
            return asyncio.run(_show(supervisor, places, traffic, farewell))


class _Places:
    """Where everything is."""

    def __init__(self, directory: Path, port: int, control_port: int) -> None:
        self.config = directory / CONFIG_NAME
        self.journal = directory / "journal"
        self.port = port
        self.control_port = control_port
        self.base = f"http://127.0.0.1:{port}"
        self.control = f"http://127.0.0.1:{control_port}"


@contextlib.contextmanager
def _providers() -> Generator[EmulatorProcess, None, None]:
    emulator = EmulatorProcess(settings=emulated())
    # Started while these are blocked, it is deaf to them for ever: they are heard here, and the providers leave last.
    signal.pthread_sigmask(signal.SIG_BLOCK, FROM_THE_TERMINAL)
    try:
        emulator.__enter__()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FROM_THE_TERMINAL)
    with contextlib.ExitStack() as stack:
        stack.push(emulator)
        yield emulator


@contextlib.contextmanager
def _directory(keep: Path | None) -> Generator[Path, None, None]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="headworks-demo-") as name:
            yield Path(name)
        return
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        (keep / CONFIG_NAME).touch()
    except OSError as trouble:
        misuse(f"--keep {keep} cannot be written: {trouble.strerror}. Name a directory of this user's, or leave it out.")
    yield keep.absolute()


@contextlib.contextmanager
def _supervisor(places: _Places) -> Generator[subprocess.Popen[bytes], None, None]:
    lifeline, ours = os.pipe()
    arguments = [f"--port={places.port}", f"--control-port={places.control_port}", f"--directory={places.journal}"]
    arguments += [f"--config={places.config}", "--drain=2", f"--lifeline={lifeline}"]
    command = [sys.executable, "-P", "-m", "headworks.wiring.supervisor", *arguments]
    # A process group of its own: a Ctrl-C is heard here, and the supervisor is asked to stop once, by us.
    supervisor = subprocess.Popen(command, pass_fds=(lifeline,), process_group=0)  # noqa: S603 - ourselves
    os.close(lifeline)
    try:
        yield supervisor
    finally:
        os.close(ours)
        try:
            supervisor.wait(LEAVE_WITHIN)
        except subprocess.TimeoutExpired:
            supervisor.kill()


async def _show(supervisor: subprocess.Popen[bytes], places: _Places, traffic: str, farewell: Farewell) -> int:
    if not await _is_ready(supervisor, places, farewell):
        return supervisor.poll() or (Exit.OK if farewell.said else Exit.FAILED)
    print(_banner(places, traffic), flush=True)
    visitors = Traffic(places.port, random.Random())  # noqa: S311 - it chooses what to ask
    asking = asyncio.create_task(visitors.go_on() if traffic == "on" else asyncio.sleep(0))
    while not farewell.said and supervisor.poll() is None:  # noqa: ASYNC110 - a process's end sets no event
        await asyncio.sleep(GLANCE)
    asking.cancel()
    if visitors.asked:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(f"\n{visitors.report()}", flush=True)
    return supervisor.poll() or Exit.OK


async def _is_ready(supervisor: subprocess.Popen[bytes], places: _Places, farewell: Farewell) -> bool:
    """Wait until our own gateway answers; another program may have the port, then the supervisor says so and ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_WITHIN
    while loop.time() < deadline and supervisor.poll() is None and not farewell.said:
        if "gateway" in read(places.journal) and await _answers(places.port):
            return True
        await asyncio.sleep(0.05)
    return False


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        try:
            return b" 200 " in await asyncio.wait_for(reader.readline(), 2.0)
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return False


def _ourselves() -> str:
    """How this program is called from the reader's shell, which need not have our environment's programs on its path."""
    beside = Path(sys.executable).with_name("headworks")
    if not beside.exists():
        return f"{sys.executable} -m headworks"
    return "headworks" if shutil.which("headworks") == str(beside) else str(beside)


def _banner(places: _Places, traffic: str) -> str:
    going = "about two requests a second by simulated clients" if traffic == "on" else "none: ask it yourself"
    return f"""
  Headworks is up. Nothing here costs anything: the providers are simulated.

    clients    {places.base}/v1        OpenAI's and Anthropic's SDKs, with the key {KEY}
    status     {places.control}/
    metrics    {places.control}/metrics
    config     {places.config}
    traffic    {going}

  Ask something:

    curl {places.base}/v1/chat/completions -H 'Authorization: Bearer {KEY}' \\
      -d '{{"model": "demo-chat", "messages": [{{"role": "user", "content": "hello"}}]}}'

  See what went through, and the journey of one request (its x-request-id):

    {_ourselves()} exchanges --follow --config {places.config}
    {_ourselves()} explain --config {places.config} ID

  Ctrl-C stops everything.
"""
