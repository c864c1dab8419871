"""`headworks serve` and `headworks restart`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from headworks.cli.settings import ConfigPath, Settings, check_ports, report, tolerant_settings_of
from headworks.domain.config import Config
from headworks.providers.catalog import shipped_catalog
from headworks.stores.sql.address import default_file
from headworks.stores.sql.glance import version_in
from headworks.stores.sql.wanted import WANTED
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.discover import discover_some
from headworks.wiring.load import ConfigFile
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import config_in, journal_directory
from headworks.wiring.process_runfile import is_held, read

RESTART_WITHIN = 60.0
GLANCE = 0.05


def serve(
    config: ConfigPath = None,
    *,
    host: str | None = None,
    port: int | None = None,
    control_port: int | None = None,
) -> None:
    """Serve: gateway and control plane, until told to stop.

    Without a configuration file, provider keys in the environment and model servers on this machine are found and used.

    Args:
        config: Which configuration.
        host: Address for clients, instead of server.host.
        port: Port for clients, instead of server.port (4455).
        control_port: Port of the control plane, instead of control.port (4456).
    """
    began = time.monotonic()
    settings = _checked(config)
    server, control = settings.config.server, settings.config.control
    port = server.port if port is None else port
    control_port = control.port if control_port is None else control_port
    check_ports(port, control_port)
    arguments = [
        f"--host={server.host if host is None else host}",
        f"--port={port}",
        f"--control-host={control.host}",
        f"--control-port={control_port}",
        f"--directory={settings.directory}",
        f"--drain={server.drain}",
        f"--began={began}",
        *([f"--config={settings.path}"] if settings.path is not None else []),
    ]
    # The supervisor is another, smaller program under the same process id: nothing that was imported to get here stays in memory.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "headworks.wiring.supervisor", *arguments])  # noqa: S606 - ourselves


def _checked(named: Path | None) -> Settings:
    """What the configuration says. Ends the process with `Exit.CONFIG` where it cannot be used."""
    path = named or config_in(Path())
    try:
        if path is None:
            asyncio.run(discover_some(os.environ, shipped_catalog(), client_key=""))  # the gateway looks again, when it starts
            return Settings(Config(), None, journal_directory("", None, os.environ))
        config = ConfigFile(path, os.environ, SystemClock()).load_settings()
    except ConfigRefused as refused:
        told = f"{refused}\n" if path is None else report(refused, path)
        sys.stderr.write(f"{told}headworks: nothing was started.\n")
        sys.exit(Exit.CONFIG)
    path = path.absolute()
    settings = Settings(config, path, journal_directory(config.journal.directory, path, os.environ))
    _look_at_database(settings)
    return settings


def _look_at_database(settings: Settings) -> None:
    """End the process with `Exit.CONFIG` where no waiting mends it. One that merely is not up yet is waited for by those who need it."""
    if not settings.config.database and _is_usable(default_file(settings.directory)):
        return
    from headworks.cli.doctor_database import database_findings  # noqa: PLC0415 - a third of a second that a start without trouble saves

    hindrances = [finding for finding in database_findings(settings, os.environ) if finding.hinders]
    for finding in hindrances:
        sys.stderr.write(f"headworks: {finding.what}. {finding.remedy}\n")
    if hindrances:
        sys.stderr.write("headworks: nothing was started.\n")
        sys.exit(Exit.CONFIG)


def _is_usable(file: Path) -> bool:
    try:
        return version_in(file) <= WANTED
    except OSError:
        return False


def restart(config: ConfigPath = None) -> int:
    """Replace the running gateway by a new one without losing a request.

    The new one must be ready before the present one stops taking requests; if it fails, the present one stays.

    Args:
        config: Which configuration: it tells the data directory.
    """
    settings = tolerant_settings_of(config)
    directory = settings.directory
    if not is_held(directory):
        print(f"No gateway runs on {directory}. Start one with headworks serve.", file=sys.stderr)
        return Exit.UNAVAILABLE
    before = read(directory)
    os.kill(int(before["supervisor"]), signal.SIGUSR2)
    deadline = time.monotonic() + RESTART_WITHIN
    while time.monotonic() < deadline:
        time.sleep(GLANCE)
        now = read(directory)
        if now.get("refused") != before.get("refused"):
            print("The new gateway could not start; the present one serves on. Its output says why.", file=sys.stderr)
            return Exit.FAILED
        if now.get("restarts") != before.get("restarts"):
            print(f"Gateway {now.get('gateway')} serves; {before.get('gateway')} finishes what it has in hand.")
            _tell_other_ports(settings.config, now)
            return Exit.OK
    print(
        f"Nothing happened within {RESTART_WITHIN:g} s. Look at the output of the supervisor (pid {before['supervisor']}).",
        file=sys.stderr,
    )
    return Exit.FAILED


def _tell_other_ports(config: Config, facts: dict[str, str]) -> None:
    """A new gateway takes over the open doors, whatever ports the file names by now."""
    doors = (("server.port", config.server.port, facts["port"]), ("control.port", config.control.port, facts["control_port"]))
    for name, written, opened in doors:
        if written != int(opened):
            print(f"{name} is {written} in the file, but port {opened} was opened at the start and stays.", end=" ")
            print("To change it, stop Headworks and start it again.")
