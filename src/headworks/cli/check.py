"""`headworks check`: is the configuration usable, and what does it mean?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from headworks.cli.check_tables import overview, print_overview
from headworks.cli.doctor_checks import Finding, Severity
from headworks.cli.doctor_database import database_findings
from headworks.cli.settings import ConfigPath, Settings, report
from headworks.domain.config import Config
from headworks.wiring.clock import SystemClock
from headworks.wiring.config_file import ConfigRefused, Problem
from headworks.wiring.config_file.tree import dotted
from headworks.wiring.load import ConfigFile, oddities
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import CONFIG_NAME, journal_directory


def check(config: ConfigPath = None, *, json: bool = False, schema: bool = False) -> int:
    """Say whether the configuration can be used, and what it means. Nothing is started. The database is looked at, and no provider.

    Ends with 0 if it can be used and 78 if not.

    Args:
        config: Which configuration.
        json: Print it for programs.
        schema: Print the JSON Schema of configurations instead, for an editor.
    """
    if schema:
        print(config_schema())
        return Exit.OK
    file = config or Path(CONFIG_NAME)
    try:
        compiled = ConfigFile(file, os.environ, SystemClock()).load()
    except ConfigRefused as refused:
        if json:
            _print_json({"usable": False, "problems": [_as_json(problem) for problem in refused.problems]})
        else:
            sys.stderr.write(report(refused, file))
        return Exit.CONFIG
    found = _troubles(compiled.config, file.absolute())
    usable = not any(finding.hinders for finding in found)
    if json:
        warnings = [_as_json(problem) for problem in oddities(compiled)]
        database = [{"message": finding.what, "hint": finding.remedy, "fatal": finding.hinders} for finding in found]
        _print_json({"usable": usable, **overview(compiled), "warnings": warnings, "database": database})
    else:
        print_overview(compiled, str(file))
        for finding in found:
            sys.stderr.write(f"{finding.severity}  {finding.what}\n     → {finding.remedy}\n")
    return Exit.OK if usable else Exit.CONFIG


def _troubles(config: Config, path: Path) -> list[Finding]:
    settings = Settings(config, path, journal_directory(config.journal.directory, path, os.environ))
    return [finding for finding in database_findings(settings, os.environ) if finding.severity is not Severity.FINE]


def config_schema() -> str:
    """The JSON Schema of `headworks.yaml`."""
    schema = msgspec.json.schema(Config)
    schema["title"] = "headworks.yaml"
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()


def _as_json(problem: Problem) -> dict[str, Any]:
    spot = problem.spot
    where = {"line": spot.line + 1, "column": spot.column + 1} if spot is not None else {}
    return {"path": dotted(problem.path), "message": problem.message, "hint": problem.hint, **where}


def _print_json(value: dict[str, Any]) -> None:
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
