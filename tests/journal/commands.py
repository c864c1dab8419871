"""Runs the commands that read the journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from cyclopts import App

from headworks.cli import exchanges, explain


class Printed(NamedTuple):
    """What a command did."""

    code: object
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Commands:
    """The command line over one journal."""

    def __init__(self, journal: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._journal = journal
        self._capture = capture
        self._app = App(name="headworks")
        exchanges.register(self._app)
        explain.register(self._app)

    def __call__(self, *words: str) -> Printed:
        code = self._app([*words, "--journal", str(self._journal)], result_action="return_value", exit_on_error=False)
        printed = self._capture.readouterr()
        return Printed(code, str(printed.out), str(printed.err))


def ids_in(lines: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Which of these ids the lines name, in order."""
    return [id_ for line in lines for id_ in ids if id_ in line]
