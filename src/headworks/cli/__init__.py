"""The command line. A command's module is imported only when it is the one that was asked for."""

from __future__ import annotations

import os
import sys

from cyclopts import App

from headworks import __version__

COMMANDS = (
    ("serve", "headworks.cli.serve:serve", "Serve: gateway and control plane, until told to stop."),
    ("demo", "headworks.cli.demo:demo", "Simulated providers, a gateway and live traffic. Needs no API key."),
    ("restart", "headworks.cli.serve:restart", "Replace the running gateway by a new one without losing a request."),
    ("doctor", "headworks.cli.doctor:doctor", "Look at configuration, machine and running gateway, and say what is wrong."),
    ("version", "headworks.cli.doctor:version", "Print the versions of Headworks, Python and the parts on the hot path."),
)
"""Name, where it is, and one line about it, in the order of the help page."""

INTERRUPTED = 130
"""What a shell expects of a program that was ended by Ctrl-C."""


def build() -> App:
    """The application, with every command known by name and none loaded."""
    app = App(
        name="headworks",
        help="One door in front of every model: governed, metered, and fast.",
        version=__version__,
    )
    for name, where, words in COMMANDS:
        app.command(where, name=name, help=words)
    return app


def main() -> None:
    """Run the command line of this process."""
    try:
        build()()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `headworks exchanges | head`: whoever read us has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
