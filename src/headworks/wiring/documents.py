"""Documents as a gateway on this machine would read them: for whoever applies them as revisions."""

from __future__ import annotations

import asyncio
import difflib

from headworks.domain.config import Config
from headworks.domain.revision import Finding
from headworks.ports.revisions import Comparison, Verdict
from headworks.wiring.at_start import changed
from headworks.wiring.compile.differences import differences
from headworks.wiring.config_file import ConfigRefused, Problem, Reading, read_config
from headworks.wiring.config_file.exposed import exposed
from headworks.wiring.config_file.tree import dotted
from headworks.wiring.load import ConfigFile

_LABEL = "document"


class MachineDocuments:
    """Implements `ports.revisions.Documents`. Reading takes a second for ten thousand keys, so it is done in a thread."""

    def __init__(self, file: ConfigFile | None, machine: Config) -> None:
        """`file`: the machine's; None where it has none. `machine`: what it says."""
        self._file = file
        self._machine = machine

    @property
    def unfollowed(self) -> str:
        """See the port."""
        if self._file is None:
            return "Gateways run what they find on this machine. Make a file with `config_from: database`, and start Headworks with it."
        if self._machine.config_from != "database":
            return (
                f"What runs here is the file {self._file.path}. Write `config_from: database` there, and start Headworks again."
            )
        return ""

    async def judge(self, document: str) -> Verdict:
        """See the port."""
        return await asyncio.to_thread(self._judge, document)

    async def compare(self, before: tuple[str, str], after: tuple[str, str]) -> Comparison:
        """See the port."""
        return await asyncio.to_thread(_compare, before, after)

    def _judge(self, document: str) -> Verdict:
        reading = read_config(document, _LABEL)
        found = exposed(reading.source)
        try:
            warnings = self._compile(document)
        except ConfigRefused as refused:
            return Verdict(problems=_told(reading, [*refused.problems, *found]))
        if found:
            return Verdict(problems=_told(reading, found))
        ignored = [
            Problem(path=tuple(name.split(".")), message=f"'{name}' is read from each machine's own file.", on_key=True)
            for name in changed(Config(), reading.config)
            if name != "config_from"
        ]
        return Verdict(warnings=_told(reading, [*warnings, *ignored]))

    def _compile(self, document: str) -> tuple[Problem, ...]:
        file = self._file
        if file is None:
            raise ConfigRefused([Problem(path=(), message=self.unfollowed)], self.unfollowed)
        return file.load_revision(document, _LABEL, self._machine).warnings


def _told(reading: Reading, problems: list[Problem]) -> tuple[Finding, ...]:
    return tuple(_finding(problem) for problem in reading.source.located(problems))


def _finding(problem: Problem) -> Finding:
    spot = problem.spot
    line, column = (spot.line + 1, spot.column + 1) if spot is not None else (0, 0)
    return Finding(message=problem.message, hint=problem.hint, path=dotted(problem.path), line=line, column=column)


def _compare(before: tuple[str, str], after: tuple[str, str]) -> Comparison:
    lines = difflib.unified_diff(
        before[1].splitlines(keepends=True), after[1].splitlines(keepends=True), fromfile=before[0], tofile=after[0]
    )
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    was, now = (read_config(document).config for _, document in (before, after))
    return Comparison(text=text, differences=tuple(differences(was, now)))
