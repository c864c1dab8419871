"""How our processes end: the numbers that a shell, systemd or an orchestrator sees."""

from __future__ import annotations

import signal
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. From 64 on they are those of BSD's sysexits.h."""

    OK = 0
    """Stopped because it was asked to."""
    FAILED = 1
    """Something went wrong; the last lines say what."""
    USAGE = 2
    """A command line that makes no sense."""
    UNAVAILABLE = 69
    """What it needs is not to be had: the port or the data directory is taken, or no control plane answers."""
    CONFIG = 78
    """The configuration is wrong. Starting again will not help."""


def describe(code: int) -> str:
    """An exit code as `subprocess` gives it (negative for a signal), in words."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    names = {Exit.CONFIG: "its configuration is wrong", Exit.UNAVAILABLE: "something it needs is taken"}
    return f"exit code {code}" + (f": {names[Exit(code)]}" if code in names else "")
