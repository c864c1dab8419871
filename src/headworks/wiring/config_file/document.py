"""YAML → tree. Built from the parser's events without recursion, so neither depth nor aliases can blow up; nothing is ever constructed."""

from __future__ import annotations

from typing import Any

import yaml

from headworks.wiring.config_file.problems import Problem
from headworks.wiring.config_file.tree import Entry, Kind, Listing, Node, Path, Scalar, Spot, Table, kind_of

LARGEST = 8_388_608
"""Bytes of a document. Ten thousand keys take about one million."""
DEEPEST = 24
MOST_NODES = 500_000
"""Values after aliases are expanded."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast
_STANDARD = "tag:yaml.org,2002:"
_HARMLESS_TAGS = frozenset(("str", "int", "float", "bool", "null", "map", "seq"))
_ASIDE: Path = ("?",)
"""The path of a problem that leaves nothing unread, so that no other problem is taken for its consequence."""
_NULL = Scalar("", Kind.NOTHING, Spot(0, 0))


class Unreadable(Exception):
    """The text is no YAML, or more than a configuration may be. One problem, because nothing after it makes sense."""

    def __init__(self, message: str, spot: Spot, hint: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(path=(), message=message, hint=hint, spot=spot)


class _Open:
    """A list or mapping that is still being read."""

    __slots__ = ("anchor", "is_table", "key", "parts", "size", "spot")

    def __init__(self, spot: Spot, anchor: str | None, *, is_table: bool) -> None:
        self.spot = spot
        self.anchor = anchor
        self.is_table = is_table
        self.parts: list[Any] = []
        self.key: Scalar | None = None
        self.size = 1


class Reader:
    """Builds one tree. `problems` collects what does not stop the reading: duplicate keys."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._root: Node = _NULL
        self._documents = 0

    def read(self, text: str) -> Node:
        """The document. Raises `Unreadable`."""
        if len(text) > LARGEST:
            raise Unreadable(f"The document is larger than {LARGEST} characters.", Spot(0, 0))
        try:
            for event in yaml.parse(text, Loader=_Loader):
                self._take(event)
        except yaml.MarkedYAMLError as trouble:
            mark = trouble.problem_mark or trouble.context_mark
            spot = Spot(mark.line, mark.column) if mark is not None else Spot(0, 0)
            raise Unreadable(f"This is not valid YAML: {trouble.problem}.", spot, _yaml_hint(text, spot)) from None
        except yaml.YAMLError as trouble:
            raise Unreadable(f"This is not valid YAML: {trouble}.".replace("\n", " "), Spot(0, 0)) from None
        return self._root

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._refuse_tag(event)
            self._put(_scalar(event), event.anchor, 1)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._refuse_tag(event)
            if len(self._open) >= DEEPEST:
                raise Unreadable(f"More than {DEEPEST} levels deep.", _start(event))
            self._open.append(_Open(_start(event), event.anchor, is_table=kind is yaml.MappingStartEvent))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            done = self._open.pop()
            node = self._table(done) if done.is_table else Listing(tuple(done.parts), done.spot)
            self._put(node, done.anchor, done.size)
        elif kind is yaml.AliasEvent:
            self._put(*self._aliased(event))
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                raise Unreadable(
                    "A second document begins here.", _start(event), "A configuration is one document: remove the '---'."
                )

    def _put(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._open:
            self._root = node
            return
        inside = self._open[-1]
        inside.size += size
        if inside.size > MOST_NODES:
            raise Unreadable(f"More than {MOST_NODES} values once aliases are expanded.", node.spot)
        if not inside.is_table:
            inside.parts.append(node)
        elif inside.key is None:
            if not isinstance(node, Scalar):
                raise Unreadable("A key must be a plain name.", node.spot)
            inside.key = node
        else:
            inside.parts.append(Entry(inside.key, node))
            inside.key = None

    def _aliased(self, event: Any) -> tuple[Node, None, int]:
        spot = _start(event)
        if event.anchor not in self._anchors:
            raise Unreadable(f"The alias '*{event.anchor}' stands inside its own anchor, or has none.", spot)
        node, size = self._anchors[event.anchor]
        return node, None, size

    def _table(self, done: _Open) -> Table:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        repeated: list[Entry] = []
        for entry in done.parts:
            name = entry.key.text
            if name == "<<" and entry.key.kind is Kind.TEXT:
                for lender in _lenders(entry):
                    for lent in lender.entries:
                        merged.setdefault(lent.key.text, lent)
            elif name in entries:
                first = entries[name].key.spot.line + 1
                repeated.append(entry)
                self.problems.append(
                    Problem(
                        path=_ASIDE,
                        message=f"The key '{name}' stands here a second time; the first is in line {first}.",
                        spot=entry.key.spot,
                    )
                )
            else:
                entries[name] = entry
        lent = (entry for name, entry in merged.items() if name not in entries)
        return Table((*entries.values(), *lent), done.spot, tuple(repeated))

    @staticmethod
    def _refuse_tag(event: Any) -> None:
        tag = event.tag
        if tag is None:
            return
        if tag != "!" and tag.removeprefix(_STANDARD) not in _HARMLESS_TAGS:
            raise Unreadable(f"The tag '{tag}' is not supported.", _start(event), "Write the value without it.")


def read_document(text: str) -> tuple[Node, list[Problem]]:
    """The tree of a document and its duplicate keys. Raises `Unreadable`."""
    reader = Reader()
    root = reader.read(text)
    return root, reader.problems


def _lenders(entry: Entry) -> list[Table]:
    lent = entry.value.items if isinstance(entry.value, Listing) else (entry.value,)
    if not all(isinstance(table, Table) for table in lent):
        raise Unreadable("'<<' merges mappings: give it an alias of one.", entry.value.spot)
    return [table for table in lent if isinstance(table, Table)]


def _scalar(event: Any) -> Scalar:
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return Scalar(event.value, kind_of(event.value, quoted=bool(event.style)), Spot(start.line, start.column, max(1, length)))


def _start(event: Any) -> Spot:
    mark = event.start_mark
    return Spot(mark.line, mark.column)


def _yaml_hint(text: str, spot: Spot) -> str:
    lines = text.split("\n")
    line = lines[spot.line] if spot.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "Indent with spaces, not tabs."
    if "${" in line and "{" in line.replace("${", ""):
        return 'Inside { } a reference needs quotes: "${NAME}".'
    return ""
