"""The command line. A command's module is imported only when it is the one that was asked for."""

from __future__ import annotations

import os
import sys

from cyclopts import App

from headworks import __version__
from headworks.cli.commands import COMMANDS, EVERY, GROUPS, PARTIES

__all__ = ["EVERY", "build", "main"]

INTERRUPTED = 130
"""What a shell expects of a program that was ended by Ctrl-C."""


def build() -> App:
    """The application, with every command known by name and none loaded."""
    app = App(
        name="headworks",
        help="One door in front of every model: governed, metered, and fast.",
        version=__version__,
    )
    for place, (name, where, words) in enumerate(COMMANDS):
        app.command(where, name=name, help=words, sort_key=place)
    for place, (name, where, words) in enumerate(PARTIES, start=len(COMMANDS)):
        app.command(where, name=name, help=words, sort_key=place)
    for place, (name, words, commands) in enumerate(GROUPS, start=len(COMMANDS) + len(PARTIES)):
        group = App(name=name, help=words, sort_key=place)
        for order, (second, where, about) in enumerate(commands):
            group.command(where, name=second, help=about, sort_key=order)
        app.command(group)
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
