"""Mappings of a foreign document that know what of them was looked at: what nobody asked for is told at the end."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from headworks.wiring.config_file.tree import Kind, Listing, Node, Scalar, Table

_ENVIRONMENT = "os.environ/"
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")  # YAML 1.1, which they read


class Section:
    """One mapping; an empty one where there is none. Lines count from 1."""

    def __init__(self, node: Node | None = None) -> None:
        self._entries = {entry.key.text: entry for entry in node.entries} if isinstance(node, Table) else {}
        self._taken: set[str] = set()
        self.line = line_of(node)

    def node(self, name: str) -> Node | None:
        """A value as written."""
        self._taken.add(name)
        entry = self._entries.get(name)
        return None if entry is None or _is_nothing(entry.value) else entry.value

    def line_at(self, name: str) -> int:
        """Where a key stands; where the mapping begins, if it has no such key."""
        entry = self._entries.get(name)
        return self.line if entry is None else entry.key.spot.line + 1

    def text(self, name: str) -> str:
        """A value as text, with references to the environment in our form. Empty where there is none."""
        return text_of(self.node(name))

    def number(self, name: str) -> Decimal | None:
        """A value as number. One that is no number, or negative, counts as not looked at: it is told at the end."""
        value = number_of(self.node(name))
        if value is None:
            self._taken.discard(name)
        return value

    def flag(self, name: str) -> bool | None:
        """A value as yes or no."""
        written = self.text(name).lower()
        return True if written in _YES else False if written in _NO else None

    def section(self, name: str) -> Section:
        """A mapping below."""
        return Section(self.node(name))

    def list(self, name: str) -> tuple[Node, ...]:
        """The values of a list; a single value is a list of one."""
        return list_of(self.node(name))

    def names(self) -> tuple[str, ...]:
        """All keys."""
        return tuple(self._entries)

    def untaken(self) -> Iterator[str]:
        """Keys with a value that nobody has asked for."""
        return (name for name, entry in self._entries.items() if name not in self._taken and not _is_nothing(entry.value))


def text_of(node: Node | None) -> str:
    """A scalar's text; `os.environ/X` becomes `${X}`."""
    if not isinstance(node, Scalar) or _is_nothing(node):
        return ""
    written = node.text.strip()
    return f"${{{written.removeprefix(_ENVIRONMENT)}}}" if written.startswith(_ENVIRONMENT) else written


def number_of(node: Node | None) -> Decimal | None:
    """A scalar's number; None where it is none, or negative."""
    try:
        value = Decimal(text_of(node)) if node is not None else None
    except ArithmeticError:
        return None
    return value if value is not None and value.is_finite() and value >= 0 else None


def list_of(node: Node | None) -> tuple[Node, ...]:
    """The values of a list; a single value is a list of one."""
    if isinstance(node, Listing):
        return node.items
    return () if node is None else (node,)


def line_of(node: Node | None) -> int:
    """Where a value begins."""
    return 0 if node is None else node.spot.line + 1


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.kind is Kind.NOTHING
