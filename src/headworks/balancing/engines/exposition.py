"""Prometheus text, searched for a few series: a page of an engine holds hundreds of lines of which a dozen are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite

import msgspec

_LABEL = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(rb"\\(.)")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^{}]*)\})?(?:\[\s*(\w+)\s*\*\s*(\w+)\s*\])?")
_WANTED = re.compile(r'(\w+)\s*=\s*"([^"]*)"')

Labels = dict[bytes, bytes]


class Series(msgspec.Struct, frozen=True):
    """Samples of one name that have these labels. `factors` are labels whose values count instead of the sample's."""

    name: bytes
    labels: tuple[tuple[bytes, bytes], ...] = ()
    factors: tuple[bytes, ...] = ()

    def values(self, page: bytes) -> list[float]:
        """Of all its samples that are numbers, and not below zero."""
        found: list[float] = []
        for line in lines_of(page, self.name):
            value = self._value(line)
            if value is not None and isfinite(value) and value >= 0.0:
                found.append(value)
        return found

    def _value(self, line: bytes) -> float | None:
        if not (self.labels or self.factors):
            return sample_of(line)
        labels = labels_of(line)
        if any(labels.get(name) != value for name, value in self.labels):
            return None
        if not self.factors:
            return sample_of(line)
        value = 1.0
        for name in self.factors:
            factor = _number(labels.get(name, b""))
            if factor is None:
                return None
            value *= factor
        return value


def series_of(written: str) -> tuple[Series, ...]:
    """Read `name{label="value"}`, `name[label * label]`, or two of them multiplied. Raises `ValueError`."""
    whole = _SELECTOR.fullmatch(written.strip())
    parts = [whole] if whole else [_SELECTOR.fullmatch(part.strip()) for part in written.split(" * ")]
    read: list[Series] = []
    for part in parts:
        if part is None:
            raise ValueError('is no series: write name or name{label="value"}')
        name, labels, *factors = part.groups()
        wanted = tuple((label.encode(), value.encode()) for label, value in _WANTED.findall(labels or ""))
        if labels and not wanted:
            raise ValueError('has labels that cannot be read: write name{label="value"}')
        read.append(Series(name.encode(), wanted, tuple(factor.encode() for factor in factors if factor)))
    return tuple(read)


def lines_of(page: bytes, name: bytes) -> Iterator[bytes]:
    """What stands behind the name in each line of that series. The lines of one name follow each other, as the format has it."""
    size = len(name)
    at = 0 if page.startswith(name) else page.find(b"\n" + name) + 1
    while page.startswith(name, at):
        end = page.find(b"\n", at)
        end = len(page) if end < 0 else end
        if page[at + size : at + size + 1] in (b"{", b" ", b"\t"):
            yield page[at + size : end]
        elif (following := page.find(b"\n" + name, end)) >= 0:  # a longer name, `…_total`, `…_created`
            end = following
        else:
            return
        at = end + 1


def sample_of(line: bytes) -> float | None:
    """The value: what follows the labels, without the time that may follow it."""
    parts = line[line.rfind(b"}") + 1 :].split()
    return _number(parts[0]) if parts else None


def labels_of(line: bytes) -> Labels:
    """The labels of a line."""
    return {
        name: _ESCAPED.sub(_unescape, value) if b"\\" in value else value
        for name, value in _LABEL.findall(line[: line.rfind(b"}")])
    }


def _unescape(found: re.Match[bytes]) -> bytes:
    return b"\n" if found[1] == b"n" else found[1]


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
