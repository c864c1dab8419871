"""Which entry of a price list a model's name means: tests on names, as genai-prices states them, indexed for speed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

Alternatives = Sequence[Sequence[str]]
"""Any of these, each a list of tests that must all hold. A test is a mark and a text: `=` is, `^` starts with, `$` ends with,
`*` contains, `~` matches the regular expression."""

_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


def holds(test: str, name: str) -> bool:
    """Whether a lower-case name passes one test."""
    mark, text = test[0], test[1:]
    match mark:
        case "=":
            return name == text
        case "^":
            return name.startswith(text)
        case "$":
            return name.endswith(text)
        case "*":
            return text in name
        case _:
            return re.search(text, name) is not None


class Index:
    """Finds the first of many entries whose alternatives a name passes. Made once per price list, then only read.

    Nearly all entries are plain names: those are one dictionary look-up, and only the few others are tried one by one.
    """

    __slots__ = ("_exact", "_loose")

    def __init__(self, entries: Sequence[Alternatives]) -> None:
        self._exact: dict[str, int] = {}
        self._loose: list[tuple[int, Alternatives]] = []
        for number, alternatives in enumerate(entries):
            rest: list[Sequence[str]] = []
            for tests in alternatives:
                if len(tests) == 1 and tests[0][0] == "=":
                    self._exact.setdefault(tests[0][1:], number)
                else:
                    rest.append(tests)
            if rest:
                self._loose.append((number, rest))

    def find(self, name: str) -> int | None:
        """The number of the first entry that a lower-case name passes."""
        exact = self._exact.get(name)
        for number, alternatives in self._loose:
            if exact is not None and exact < number:
                break
            if any(all(holds(test, name) for test in tests) for tests in alternatives):
                return number
        return exact


def dashed_date(name: str) -> str:
    """The name with a compact date (`-20251211`) written with dashes, as price lists do."""
    return _COMPACT_DATE.sub(_with_dashes, name)


def _with_dashes(found: re.Match[str]) -> str:
    try:
        day = date(int(found[2]), int(found[3]), int(found[4]))
    except ValueError:
        return found[0]
    return f"-{day.isoformat()}"
