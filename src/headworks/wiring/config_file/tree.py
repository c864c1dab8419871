"""A YAML document as a tree of values that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

Path = tuple[str | int, ...]
"""Where in the document: keys and indexes from the top."""


class Spot(msgspec.Struct, frozen=True, gc=False):
    """A stretch of one line, counted from 0."""

    line: int
    column: int
    length: int = 1


class Kind(StrEnum):
    """What a scalar is, by YAML 1.2's core rules: `no` and `on` are text."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    NOTHING = "nothing"


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """A single value, as written."""

    text: str
    kind: Kind
    spot: Spot


class Listing(msgspec.Struct, frozen=True):
    """A sequence."""

    items: tuple[Node, ...]
    spot: Spot


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A key and its value."""

    key: Scalar
    value: Node


class Table(msgspec.Struct, frozen=True):
    """A mapping. Keys are unique; `repeated` are entries whose key had come before."""

    entries: tuple[Entry, ...]
    spot: Spot
    repeated: tuple[Entry, ...] = ()


Node = Scalar | Listing | Table

_PLAIN = (
    (Kind.NOTHING, re.compile(r"~|null|Null|NULL|")),
    (Kind.FLAG, re.compile(r"true|True|TRUE|false|False|FALSE")),
    (Kind.WHOLE, re.compile(r"[-+]?[0-9]+")),
    (Kind.NUMBER, re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
)
_MAY_BE_PLAIN = frozenset("~-+.0123456789nNtTfF")
"""What anything but text begins with: nearly all values are text, and told by their first character."""


def kind_of(text: str, *, quoted: bool) -> Kind:
    """What a scalar is."""
    if not quoted and (not text or text[0] in _MAY_BE_PLAIN):
        for kind, pattern in _PLAIN:
            if pattern.fullmatch(text):
                return kind
    return Kind.TEXT


class Places(msgspec.Struct, frozen=True):
    """Where each key and value of a document stands; `scalars` are those of the values that are no lists or mappings."""

    keys: Mapping[Path, Spot] = {}
    values: Mapping[Path, Spot] = {}
    scalars: Mapping[Path, Spot] = {}

    def key(self, path: Path) -> Spot:
        """The key of `path`, or what comes nearest to it."""
        return self._nearest(self.keys, path)

    def value(self, path: Path) -> Spot:
        """The value at `path`, or what comes nearest to it."""
        spot = self.values.get(path)
        return spot if spot is not None else self._nearest(self.keys, path)

    def _nearest(self, spots: Mapping[Path, Spot], path: Path) -> Spot:
        while path:
            spot = spots.get(path)
            if spot is not None:
                return spot
            path = path[:-1]
        return Spot(0, 0)


_AGAIN = "(again)"


def places_of(root: Node) -> Places:
    """Index a tree. A value that several aliases share is indexed under each of its paths."""
    keys: dict[Path, Spot] = {}
    values: dict[Path, Spot] = {}
    scalars: dict[Path, Spot] = {}
    waiting: list[tuple[Path, Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        values[path] = node.spot
        if isinstance(node, Table):
            for entry in node.entries:
                below = (*path, entry.key.text)
                keys[below] = entry.key.spot
                waiting.append((below, entry.value))
            waiting += [((*path, entry.key.text, _AGAIN), entry.value) for entry in node.repeated]
        elif isinstance(node, Listing):
            for number, item in enumerate(node.items):
                keys[*path, number] = item.spot
                waiting.append(((*path, number), item))
        else:
            scalars[path] = node.spot
    return Places(keys, values, scalars)


def scalars(root: Node) -> Iterator[tuple[Path, Scalar]]:
    """All of a document, and where each stands."""
    waiting: list[tuple[Path, Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, Scalar):
            yield path, node
        elif isinstance(node, Listing):
            waiting += [((*path, number), item) for number, item in enumerate(node.items)]
        else:
            waiting += [((*path, entry.key.text), entry.value) for entry in (*node.entries, *node.repeated)]


def dotted(path: Path) -> str:
    """A path for people: `models.smart.targets[0].weight`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
