"""Where things are on this machine: the configuration file that is meant when none is named, and the data directory."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

CONFIG_NAME = "headworks.yaml"


def config_in(directory: Path) -> Path | None:
    """The configuration file of a directory, if it has one."""
    path = directory / CONFIG_NAME
    return path if path.is_file() else None


def data_directory(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Headworks' own directory under the platform's place for data: `XDG_DATA_HOME`, or the usual place where that is not set."""
    if chosen := environment.get("XDG_DATA_HOME"):
        return Path(chosen) / "headworks"
    home = Path(environment.get("HOME") or "/var/lib")
    if platform == "darwin":
        return home / "Library" / "Application Support" / "headworks"
    return home / ".local" / "share" / "headworks"


def journal_directory(setting: str, config: Path | None, environment: Mapping[str, str]) -> Path:
    """Where the journal and the run file are. `setting` is `journal.directory`; a relative one counts from the configuration file."""
    if not setting:
        return data_directory(environment) / "journal"
    base = config.parent if config is not None else Path.cwd()
    return (base / Path(setting).expanduser()).absolute()
