"""Settings that are read when Headworks starts: they are the machine's, and no revision of the configuration changes them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from headworks.domain.config import Config

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

AT_START = (
    "config_from",
    "server.host",
    "server.port",
    "control",
    "journal.directory",
    "journal.keep_days",
    "logs",
    "database",
    "alerts",
    "identity.oidc",
    "identity.passwords",
)
"""The supervisor and the control process take these: a new gateway changes nothing about them."""


def changed(before: Config, after: Config, names: Sequence[str] = AT_START) -> list[str]:
    """Which of these settings are not the same."""
    return [name for name in names if (value := attrgetter(name))(before) != value(after)]


def on_machine(config: Config, machine: Config) -> Config:
    """The configuration with this machine's own settings."""
    for name in AT_START:
        config = _with(config, name.split("."), attrgetter(name)(machine))
    return config


def _with(struct: _Struct, path: Sequence[str], value: object) -> _Struct:
    name, *below = path
    return msgspec.structs.replace(struct, **{name: _with(getattr(struct, name), below, value) if below else value})
