"""Whether a value is as a JSON Schema has it. Schemas come from callers and values from models, so the work is bounded and no regular
expression of theirs is run: keywords that are not in `_CHECKS` (`pattern`, `format`, `if` …) are taken as met. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any

Schema = Mapping[str, Any]
Finding = str | None
"""What is wrong, and where; None where nothing is."""

MOST_STEPS = 20_000
"""Schemas and values looked at. A schema of a few lines can ask for more than there is time for."""
_LONGEST = 80


class TooMuchWork(Exception):
    """The schema asks for more than `MOST_STEPS`."""


def mismatch(value: Any, schema: Any) -> Finding:
    """The first place where `value`, decoded JSON, is not as `schema` has it. Raises `TooMuchWork`."""
    try:
        return _Check(schema).of(value, schema, "the answer")
    except RecursionError:  # a schema that refers to itself, or lies deeper than there is room for
        raise TooMuchWork from None


class _Check:
    """One value against one schema. `root` is what `$ref` starts from."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0

    def of(self, value: Any, schema: Any, where: str) -> Finding:
        """What is wrong with `value`, which stands at `where`."""
        self.spend(1)
        if schema is False:
            return f"{where} should not be there"
        if not isinstance(schema, dict):
            return None
        for keyword, wanted in schema.items():
            check = _CHECKS.get(keyword)
            if check is None:
                continue
            self.spend(len(wanted) if isinstance(wanted, list | dict) else 1)
            if (found := check(self, value, wanted, schema, where)) is not None:
                return found
        return None

    def spend(self, steps: int) -> None:
        """Count work before it is done. Raises `TooMuchWork`."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise TooMuchWork

    def same(self, one: Any, other: Any) -> bool:
        """Equal as JSON: 1 is 1.0, and neither is true."""
        self.spend(1)
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(self.same(one[name], other[name]) for name in one)
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(map(self.same, one, other))
        return isinstance(one, bool) == isinstance(other, bool) and one == other

    def every(self, pairs: Sequence[tuple[Any, Any, str]]) -> Finding:
        """The first finding of several values, each with its schema and place."""
        for value, schema, where in pairs:
            if (found := self.of(value, schema, where)) is not None:
                return found
        return None

    def referred(self, reference: str) -> Any:
        """The schema that a `$ref` points to within the root; one that is met by everything where it points elsewhere."""
        if not reference.startswith("#"):
            return True
        found = self._root
        for name in reference[1:].split("/")[1:]:
            key = name.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict) and key in found:
                found = found[key]
            else:
                return True
        return found


_TYPES: dict[str, type | UnionType] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": NoneType,
    "number": int | float,
    "integer": int | float,
}


def _is(value: Any, kind: Any) -> bool:
    wanted = _TYPES.get(kind) if isinstance(kind, str) else None
    if wanted is None:
        return True
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted) and (kind != "integer" or float(value).is_integer())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _type(_: _Check, value: Any, wanted: Any, __: Schema, where: str) -> Finding:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    return None if any(_is(value, kind) for kind in kinds) else f"{where} is not of type {' or '.join(map(str, kinds))}"


def _enum(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    if not isinstance(wanted, list) or any(check.same(value, each) for each in wanted):
        return None
    return f"{where} is none of {_shown(wanted)}"


def _const(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    return None if check.same(value, wanted) else f"{where} is not {_shown(wanted)}"


def _required(_: _Check, value: Any, wanted: Any, __: Schema, where: str) -> Finding:
    if not isinstance(value, dict) or not isinstance(wanted, list):
        return None
    return next((f"{where} has no {name!r}" for name in wanted if name not in value), None)


def _properties(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    if not isinstance(value, dict) or not isinstance(wanted, dict):
        return None
    return check.every([(value[name], schema, f"{where}.{name}") for name, schema in wanted.items() if name in value])


def _additional(check: _Check, value: Any, wanted: Any, schema: Schema, where: str) -> Finding:
    if not isinstance(value, dict) or "patternProperties" in schema:
        return None
    listed = schema.get("properties", {})
    return check.every([(each, wanted, f"{where}.{name}") for name, each in value.items() if name not in listed])


def _prefix(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    if not isinstance(value, list) or not isinstance(wanted, list):
        return None
    return check.every([(each, schema, f"{where}[{at}]") for at, (each, schema) in enumerate(zip(value, wanted, strict=False))])


def _items(check: _Check, value: Any, wanted: Any, schema: Schema, where: str) -> Finding:
    if not isinstance(value, list):
        return None
    first = len(schema.get("prefixItems", ()))
    return check.every([(each, wanted, f"{where}[{at}]") for at, each in enumerate(value[first:], first)])


def _any_of(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    if not isinstance(wanted, list):
        return None
    findings: list[str] = []
    for schema in wanted:
        if (found := check.of(value, schema, where)) is None:
            return None
        findings.append(found)
    return findings[0] if len(findings) == 1 else f"{where} is none of what it may be: {'; '.join(findings[:3])}"


def _one_of(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    if not isinstance(wanted, list):
        return None
    fitting = sum(check.of(value, schema, where) is None for schema in wanted)
    return None if fitting == 1 else f"{where} is {fitting} of what it should be exactly one of"


def _all_of(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    return check.every([(value, schema, where) for schema in wanted]) if isinstance(wanted, list) else None


def _not(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    return f"{where} is what it should not be" if check.of(value, wanted, where) is None else None


def _ref(check: _Check, value: Any, wanted: Any, _: Schema, where: str) -> Finding:
    return check.of(value, check.referred(wanted), where) if isinstance(wanted, str) else None


def _bound(kind: Callable[[Any], float | None], fits: Callable[[float, float], bool], words: str) -> _Keyword:
    """A keyword that bounds a number or a size."""

    def check(_: _Check, value: Any, wanted: Any, __: Schema, where: str) -> Finding:
        size = kind(value)
        return f"{where} {words} {wanted}" if size is not None and _is_number(wanted) and not fits(size, wanted) else None

    return check


def _number(value: Any) -> float | None:
    return value if _is_number(value) else None


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return len(value) if isinstance(value, list) else None


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, dict) else None


def _at_least(size: float, bound: float) -> bool:
    return size >= bound


def _at_most(size: float, bound: float) -> bool:
    return size <= bound


_Keyword = Callable[[_Check, Any, Any, Schema, str], Finding]

_CHECKS: dict[str, _Keyword] = {
    "$ref": _ref,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "prefixItems": _prefix,
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
    "minimum": _bound(_number, _at_least, "is less than"),
    "maximum": _bound(_number, _at_most, "is more than"),
    "exclusiveMinimum": _bound(_number, lambda size, bound: size > bound, "is not more than"),
    "exclusiveMaximum": _bound(_number, lambda size, bound: size < bound, "is not less than"),
    "minLength": _bound(_length, _at_least, "is shorter than"),
    "maxLength": _bound(_length, _at_most, "is longer than"),
    "minItems": _bound(_count, _at_least, "has fewer items than"),
    "maxItems": _bound(_count, _at_most, "has more items than"),
    "minProperties": _bound(_size, _at_least, "has fewer fields than"),
    "maxProperties": _bound(_size, _at_most, "has more fields than"),
}
