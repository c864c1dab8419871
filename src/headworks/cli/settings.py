"""What a command needs to know of the configuration before any process is started: doors and directories."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
from cyclopts import Parameter

from headworks.domain.config import Config
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.config_file.excerpt import read_excerpt
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import config_in, journal_directory

LARGEST_PORT = 65_535

ConfigPath = Annotated[
    Path | None, Parameter(help="The configuration: FILE or --config FILE. Left out: ./headworks.yaml if there is one.")
]
"""How every command is told which configuration is meant."""


class Settings(msgspec.Struct, frozen=True):
    """`path` is None where no file was named and none lies in the working directory: then providers are found at start."""

    config: Config
    path: Path | None
    directory: Path


def directory_of(named: Path | None) -> Path:
    """The data directory, for commands that look at what runs or ran: a mistake elsewhere in the file only gets a warning."""
    return tolerant_settings_of(named).directory


def tolerant_settings_of(named: Path | None) -> Settings:
    """What a named file, or `./headworks.yaml`, or nothing says. What cannot be read is left at its default, with a warning on stderr;
    a named file that cannot be ends the process with `Exit.USAGE`.
    """
    path = named or config_in(Path.cwd())
    config = Config()
    if path is not None:
        path = path.absolute()
        try:
            reading = read_excerpt(path.read_text(), str(path))
        except (OSError, UnicodeDecodeError) as trouble:
            if named is not None:  # the defaults would mean another installation than the one that was named
                misuse(f"{named} cannot be read: {getattr(trouble, 'strerror', None) or 'it is not UTF-8'}.")
            sys.stderr.write(
                f"headworks: {path} cannot be read ({getattr(trouble, 'strerror', None) or trouble}); going on with defaults.\n"
            )
        else:
            config = reading.config
            if reading.problems:
                sys.stderr.write(
                    f"headworks: {path} has mistakes (headworks check tells them); going on with the rest of it.\n"
                )
    return Settings(config, path, journal_directory(config.journal.directory, path, os.environ))


def report(refused: ConfigRefused, path: Path) -> str:
    """What is wrong with a configuration, where, and what to write instead."""
    count = len(refused.problems)
    return f"{refused}\n\n{count} problem{'s' * (count != 1)}: {path} cannot be used.\n"


def check_port(written: int, option: str, lowest: int = 1) -> None:
    """Look at a port from the command line. Ends the process with `Exit.USAGE` where there is no such port."""
    if not lowest <= written <= LARGEST_PORT:
        misuse(f"{option} {written}: a port is a number from {lowest} to {LARGEST_PORT}.")


def check_ports(port: int, control_port: int) -> None:
    """End the process with `Exit.USAGE` where gateway and control plane cannot have these."""
    check_port(port, "--port")
    check_port(control_port, "--control-port")
    if port == control_port:
        misuse(f"Clients and control plane cannot share port {port}: give --port or --control-port another one.")


def misuse(words: str) -> NoReturn:
    """End the process: the command line makes no sense."""
    sys.stderr.write(f"headworks: {words}\n")
    sys.exit(Exit.USAGE)
