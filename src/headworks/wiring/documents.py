"""Documents as a gateway on this machine would read them: for whoever applies them as revisions."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from headworks.domain.config import Config
from headworks.domain.revision import Difference, Finding
from headworks.ports.revisions import Comparison, Verdict
from headworks.wiring.at_start import changed
from headworks.wiring.compile.revision import plain
from headworks.wiring.config_file import ConfigRefused, Problem, Reading, read_config
from headworks.wiring.config_file.exposed import exposed
from headworks.wiring.config_file.tree import dotted
from headworks.wiring.load import ConfigFile

_LABEL = "document"
_MAPS = frozenset(name for name in Config.__struct_fields__ if isinstance(getattr(Config(), name), dict))
"""Sections that are maps from the operator's own names to rules."""


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
    was, now = (plain(read_config(document).config) for _, document in (before, after))
    return Comparison(text=text, differences=tuple(_differences(was, now)))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Section by section, in the order of the document's definition."""
    for section in Config.__struct_fields__:
        was, now = before.get(section, {}), after.get(section, {})
        if section not in _MAPS:
            yield from _within(section, "", was, now)
            continue
        for name in dict.fromkeys((*was, *now)):
            if name not in was:
                yield Difference(change="added", section=section, name=name)
            elif name not in now:
                yield Difference(change="removed", section=section, name=name)
            else:
                yield from _within(section, name, was[name], now[name])


def _within(section: str, name: str, was: Any, now: Any, field: str = "") -> Iterator[Difference]:
    """Down to the single values that differ; what is there on one side only is told as a whole."""
    if was == now:
        return
    if not (isinstance(was, dict) and isinstance(now, dict)):
        yield Difference(change="changed", section=section, name=name, field=field)
        return
    for part in dict.fromkeys((*was, *now)):
        below = f"{field}.{part}" if field else str(part)
        if part in was and part in now:
            yield from _within(section, name, was[part], now[part], below)
        else:
            yield Difference(change="added" if part in now else "removed", section=section, name=name, field=below)
