"""What a command needs to know of the configuration before any process is started: doors and directories."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import msgspec

from headworks.domain.config import Config
from headworks.wiring.config_file.excerpt import read_excerpt
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import config_in, journal_directory


class Settings(msgspec.Struct, frozen=True):
    """`path` is None where no file was named and none lies in the working directory: then providers are found at start."""

    config: Config
    path: Path | None
    directory: Path


def settings_of(named: Path | None) -> Settings:
    """Read the named file, or `./headworks.yaml`, or nothing. Ends the process with `Exit.CONFIG` where it is wrong, and says how."""
    path = named or config_in(Path.cwd())
    config = Config() if path is None else _read(path)
    path = None if path is None else path.absolute()
    return Settings(config, path, journal_directory(config.journal.directory, path, os.environ))


def _read(path: Path) -> Config:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as trouble:
        refuse(
            f"{path} cannot be read: {trouble}. `headworks init` writes one; without one, providers are found in the environment."
        )
    reading = read_excerpt(text, str(path))
    if reading.problems:
        sys.stderr.write(reading.source.report(reading.problems) + "\n")
        refuse(f"{path} cannot be used as it is. Nothing was started.")
    return reading.config


def refuse(words: str) -> NoReturn:
    """End the process: the configuration is wrong."""
    sys.stderr.write(f"headworks: {words}\n")
    sys.exit(Exit.CONFIG)
