"""`headworks doctor` and `headworks version`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version as version_of
from pathlib import Path

import msgspec

from headworks import __version__
from headworks.cli.doctor_checks import (
    Finding,
    Severity,
    files_allowed,
    obtainable,
    platform_is_known,
    port_is_free,
    prices_of,
    reachable,
    ready,
    room_in,
)
from headworks.cli.doctor_database import database_findings
from headworks.cli.doctor_health import health_of
from headworks.cli.settings import ConfigPath, Settings, tolerant_settings_of
from headworks.domain.counted import counted
from headworks.domain.snapshot import Snapshot
from headworks.domain.target import Origin
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.config_file.tree import dotted
from headworks.wiring.load import ConfigFile, oddities
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_runfile import is_held, read

HOT_PATH = ("uvloop", "httptools", "msgspec")


def doctor(config: ConfigPath = None, *, connect: bool = False, json: bool = False) -> int:
    """Look at configuration, machine and running gateway, and say what is wrong.

    Nothing is changed, and of providers nothing is asked, so it costs nothing. The database is looked at, and whether pepper and master
    key fit it. Ends with 1 if something is bad.

    Args:
        config: Which configuration.
        connect: Also open (and close) a connection to each provider, and obtain the credentials that change.
        json: Print it for programs: a finding a line.
    """
    found: set[Severity] = set()
    for finding in _examine(tolerant_settings_of(config), connect=connect):
        print(_as_json(finding) if json else _as_text(finding))
        found.add(finding.severity)
    return Exit.FAILED if Severity.BAD in found else Exit.OK


def _as_text(finding: Finding) -> str:
    return f"{finding.severity:<5} {finding.what}" + (f"\n      → {finding.remedy}" if finding.remedy else "")


def _as_json(finding: Finding) -> str:
    return msgspec.json.encode({"severity": finding.severity, "what": finding.what, "remedy": finding.remedy}).decode()


def version() -> None:
    """Print the versions of Headworks, Python and the parts on the hot path."""
    print(f"headworks {__version__}")
    print(f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}")
    for part in HOT_PATH:
        print(f"{part} {version_of(part)}")


def _examine(settings: Settings, *, connect: bool) -> Iterator[Finding]:
    server = settings.config.server
    yield platform_is_known()
    yield files_allowed(server.max_connections)
    yield from room_in(settings.directory)
    yield from database_findings(settings, os.environ)
    yield from _examine_doors(settings)
    if settings.path is None:
        yield Finding(
            Severity.FINE, "no configuration file: providers are looked for in the environment and on this machine at start"
        )
    else:
        yield from _examine_config(settings.path, connect=connect)


def _examine_doors(settings: Settings) -> Iterator[Finding]:
    if is_held(settings.directory):
        facts = read(settings.directory)
        yield Finding(Severity.FINE, f"Headworks runs on this data directory (pid {facts['supervisor']})")
        yield ready(int(facts["port"]))
        yield from health_of(settings.config.control.host, int(facts.get("control_port", settings.config.control.port)))
        return
    server, control = settings.config.server, settings.config.control
    yield port_is_free(server.host, server.port, "--port or server.port")
    yield port_is_free(control.host, control.port, "--control-port or control.port")


def _examine_config(path: Path, *, connect: bool) -> Iterator[Finding]:
    try:
        compiled = ConfigFile(path, os.environ, SystemClock()).load()
    except ConfigRefused as refused:
        yield Finding(Severity.BAD, f"{path} cannot be used:\n{refused}", "Mend what is marked; headworks check says the same.")
        return
    yield Finding(Severity.FINE, f"{path} can be used: {_told(compiled.snapshot)}")
    for warning in oddities(compiled):
        yield Finding(Severity.ODD, f"{dotted(warning.path)}: {warning.message}", warning.hint)
    yield from prices_of(compiled.snapshot)
    if connect:
        yield from reachable(_origins(compiled.snapshot))
        yield from obtainable(compiled.auths, SystemClock().wall_ns)


def _told(snapshot: Snapshot) -> str:
    models, keys = len(snapshot.models) + len(snapshot.patterns), len(snapshot.principals)
    return f"revision {snapshot.revision[:12]}, {counted(models, 'model')}, {counted(keys, 'key')}"


def _origins(snapshot: Snapshot) -> list[Origin]:
    found = {str(target.origin): target.origin for model in snapshot.models.values() for target in model.every_target}
    return [found[name] for name in sorted(found)]
