"""Tree → values of the types that `domain.config` declares. Unlike msgspec's own decoding it goes on after an error, and knows where it is.

What cannot be read is reported and left at its default, so that everything else can still be checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, inspect

from headworks.wiring.config_file.problems import Problem, did_you_mean
from headworks.wiring.config_file.tree import Kind, Listing, Node, Path, Scalar, Table, dotted

_SCALARS: dict[type[inspect.Type], tuple[Kind, ...]] = {
    inspect.StrType: (Kind.TEXT,),
    inspect.LiteralType: (Kind.TEXT,),
    inspect.IntType: (Kind.WHOLE,),
    inspect.FloatType: (Kind.WHOLE, Kind.NUMBER),
    inspect.DecimalType: (Kind.WHOLE, Kind.NUMBER, Kind.TEXT),
    inspect.BoolType: (Kind.FLAG,),
    inspect.NoneType: (Kind.NOTHING,),
}
_WORDS: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.DecimalType: "a number",
    inspect.BoolType: "true or false",
    inspect.StructType: "a mapping",
    inspect.DictType: "a mapping",
    inspect.VarTupleType: "a list",
}


class Decoder:
    """Reads one tree. `problems` are in no particular order."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, node: Node, wanted: inspect.Type, path: Path) -> Any:
        """The value, or UNSET where it cannot be read."""
        if isinstance(wanted, inspect.UnionType):
            tagged = [kind for kind in wanted.types if isinstance(kind, inspect.StructType) and kind.tag_field]
            if isinstance(node, Table) and tagged:
                return self._tagged(node, tagged, path)
            chosen = _choose(node, wanted.types)
            if chosen is None:
                return self._wrong(node, wanted.types, path)
            wanted = chosen
        match wanted:
            case inspect.StructType():
                return self._struct(node, wanted, path)
            case inspect.DictType():
                return self._dict(node, wanted, path)
            case inspect.VarTupleType():
                return self._list(node, wanted, path)
            case _:
                return self._scalar(node, wanted, path)

    def _tagged(self, node: Table, kinds: Sequence[inspect.StructType], path: Path) -> Any:
        """Of several kinds of mapping, the one that the mapping itself names."""
        field, known = kinds[0].tag_field, {str(kind.tag): kind for kind in kinds}
        named = next((entry.value for entry in node.entries if entry.key.text == field), None)
        if not isinstance(named, Scalar) or named.text not in known:
            hint = did_you_mean(named.text, known) if isinstance(named, Scalar) else ""
            return self._add(path, f"'{_name(path)}' needs a {field}: {', '.join(known)}.", hint, on_key=True)
        return self._struct(node, known[named.text], path)

    def _struct(self, node: Node, wanted: inspect.StructType, path: Path) -> Any:
        fields = {field.encode_name: field for field in wanted.fields}
        values: dict[str, Any] = {}
        for entry in self._entries(node, wanted, path):
            name = entry.key.text
            below = (*path, name)
            field = fields.get(name)
            if name == wanted.tag_field:
                continue
            if field is not None:
                value = self.read(entry.value, field.type, below)
                if value is not UNSET:
                    values[field.name] = value
            elif len(path) > 0 or not name.startswith("x-"):
                where = f"in '{dotted(path)}'" if path else "at the top level"
                self._add(below, f"Unknown key '{name}' {where}.", did_you_mean(name, fields), on_key=True)
        return wanted.cls(**values)

    def _dict(self, node: Node, wanted: inspect.DictType, path: Path) -> Any:
        values: dict[Any, Any] = {}
        for entry in self._entries(node, wanted, path):
            below = (*path, entry.key.text)
            key: Any = entry.key.text
            if isinstance(wanted.key_type, inspect.IntType):
                key = self._scalar(entry.key, wanted.key_type, below)
            value = self.read(entry.value, wanted.value_type, below)
            if key is not UNSET and value is not UNSET:
                values[key] = value
        return values

    def _entries(self, node: Node, wanted: inspect.Type, path: Path) -> Sequence[Any]:
        if isinstance(node, Table):
            return node.entries
        if not (isinstance(node, Scalar) and node.kind is Kind.NOTHING):
            self._wrong(node, (wanted,), path)
        return ()  # `server:` with nothing behind it means all defaults

    def _list(self, node: Node, wanted: inspect.VarTupleType, path: Path) -> Any:
        if not isinstance(node, Listing):
            if isinstance(node, Scalar) and node.kind is Kind.NOTHING:
                return ()
            return self._wrong(node, (wanted,), path)
        values = [self.read(item, wanted.item_type, (*path, number)) for number, item in enumerate(node.items)]
        return tuple(value for value in values if value is not UNSET)

    def _scalar(self, node: Node, wanted: inspect.Type, path: Path) -> Any:
        if not isinstance(node, Scalar) or node.kind not in _SCALARS[type(wanted)]:
            return self._wrong(node, (wanted,), path)
        match wanted:
            case inspect.StrType():
                return node.text
            case inspect.LiteralType():
                return self._literal(node, wanted, path)
            case inspect.BoolType():
                return node.text.lower() == "true"
            case inspect.NoneType():
                return None
            case _:
                return self._number(node, wanted, path)

    def _literal(self, node: Scalar, wanted: inspect.LiteralType, path: Path) -> Any:
        known = [str(value) for value in wanted.values]
        if node.text in known:
            return node.text
        return self._add(path, f"'{node.text}' is not possible here.", did_you_mean(node.text, known))

    def _number(self, node: Scalar, wanted: inspect.Type, path: Path) -> Any:
        try:
            value = Decimal(node.text)
        except ArithmeticError:
            if node.kind is Kind.TEXT:
                return self._wrong(node, (wanted,), path)
            value = Decimal("inf")  # YAML writes it `.inf`
        if not value.is_finite() or (isinstance(wanted, inspect.FloatType) and math.isinf(float(value))):
            return self._add(path, "The number must be finite.")
        if value < 0:
            return self._add(path, "The number must not be negative.")
        match wanted:
            case inspect.IntType():
                return int(value)
            case inspect.FloatType():
                return float(value)
            case _:
                return value

    def _wrong(self, node: Node, wanted: Sequence[inspect.Type], path: Path) -> Any:
        expected = list(dict.fromkeys(word for kind in wanted if (word := _word(kind))))
        got = node.kind.value if isinstance(node, Scalar) else "a list" if isinstance(node, Listing) else "a mapping"
        return self._add(path, f"Expected {' or '.join(expected)} for '{_name(path)}', got {got}.", _hint(node, expected))

    def _add(self, path: Path, message: str, hint: str = "", *, on_key: bool = False) -> Any:
        self.problems.append(Problem(path=path, message=message, hint=hint, on_key=on_key))
        return UNSET


def decode(node: Node, kind: type[Any]) -> tuple[Any, list[Problem]]:
    """The value of a tree as `kind` (a Struct), and what is wrong with it."""
    decoder = Decoder()
    value = decoder.read(node, inspect.type_info(kind), ())
    return value, decoder.problems


def fields_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Names that a mapping of this kind may have."""
    return kind.__struct_encode_fields__


def _choose(node: Node, types: Sequence[inspect.Type]) -> inspect.Type | None:
    """The member of a union that a node's shape means."""
    for kind in types:
        if isinstance(node, Table):
            fits = isinstance(kind, inspect.StructType | inspect.DictType)
        elif isinstance(node, Listing):
            fits = isinstance(kind, inspect.VarTupleType)
        else:
            fits = node.kind in _SCALARS.get(type(kind), ())
        if fits:
            return kind
    return None


def _word(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f"'{value}'" for value in kind.values)
    return _WORDS.get(type(kind), "")


def _hint(node: Node, expected: Sequence[str]) -> str:
    if not isinstance(node, Scalar):
        return ""
    if "text" in expected and node.kind is not Kind.NOTHING:
        return "Put it in quotes if text is meant."
    if "true or false" in expected and node.text.lower() in ("yes", "on", "no", "off"):
        return f"Write {'true' if node.text.lower() in ('yes', 'on') else 'false'}."
    if "a list" in expected and node.kind is Kind.TEXT:
        return "Put it in [ ]."
    return ""


def _name(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    return names[-1] if names else "the document"
