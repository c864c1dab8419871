"""An instance of a JSON Schema, filled with words from the prompt: tool arguments and structured output."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from headworks.testing.emulator import words
from headworks.testing.emulator.pattern import matching
from headworks.testing.emulator.prose import Writer
from headworks.testing.emulator.question import JsonObject

_DEEP = 6
"""From this depth on only what must be there is there, so that recursive schemas end."""
_TOO_DEEP = 40


class Filler:
    """Fills one schema. `names` are proper names of the prompt: they go where a place or a name is wanted, in order."""

    def __init__(self, root: JsonObject, chance: Random, writer: Writer, names: Sequence[str] = ()) -> None:
        self._root = root
        self._chance = chance
        self._writer = writer
        self._names = list(names)
        self._makers: dict[str, Callable[[JsonObject, str, int], Any]] = {
            "object": lambda schema, _name, depth: self._object(schema, depth),
            "array": self._array,
            "string": lambda schema, name, _depth: self._string(schema, name),
            "integer": lambda schema, _name, _depth: round(self._number(schema, step=1)),
            "number": lambda schema, _name, _depth: self._number(schema, step=0.25),
            "boolean": lambda _schema, _name, _depth: self._chance.random() < 0.5,  # noqa: PLR2004 - a coin
            "null": lambda _schema, _name, _depth: None,
        }

    def fill(self) -> Any:
        """A valid instance. Raises `ValueError` for a schema that nothing can satisfy or that this filler does not understand."""
        return self._value(self._root, "", 0)

    def _value(self, schema: JsonObject | bool, name: str, depth: int) -> Any:  # noqa: FBT001 - true is a schema
        if depth > _TOO_DEEP:
            raise ValueError(f"the schema of {name or 'the root'} never ends")
        if isinstance(schema, bool):
            return self._writer.phrase()
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._chance.choice(schema["enum"])
        for alternatives in (schema.get("anyOf"), schema.get("oneOf")):
            if alternatives:
                rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
                return self._value(_merged(rest, self._simplest(alternatives, depth)), name, depth + 1)
        return self._makers[self._type(schema, depth)](schema, name, depth)

    def _resolved(self, schema: JsonObject) -> JsonObject:
        for _ in range(_TOO_DEEP):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = _merged(self._lookup(schema["$ref"]), rest)
            elif "allOf" in schema:
                parts, schema = schema["allOf"], {key: value for key, value in schema.items() if key != "allOf"}
                for part in parts:
                    schema = _merged(schema, self._resolved(part))
            else:
                return schema
        raise ValueError("a $ref of the schema leads back to itself")

    def _lookup(self, reference: str) -> JsonObject:
        found: Any = self._root
        for step in reference.lstrip("#/").split("/") if reference != "#" else ():
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return found

    def _simplest(self, alternatives: list[JsonObject], depth: int) -> JsonObject:
        """Any of them; deep down the flattest."""
        resolved = [self._resolved(one) for one in alternatives]
        if depth < _DEEP:
            something = [one for one in resolved if one.get("type") != "null"]
            return self._chance.choice(something or resolved)
        return min(resolved, key=lambda one: (one.get("type") in ("object", "array") or "properties" in one, len(str(one))))

    def _type(self, schema: JsonObject, depth: int) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            flat = [one for one in kind if one not in ("object", "array")] if depth >= _DEEP else []
            return self._chance.choice(flat or [one for one in kind if one != "null"] or kind)
        if isinstance(kind, str):
            return kind
        signs = {"properties": "object", "items": "array", "minimum": "number", "maximum": "number"}
        return next((found for sign, found in signs.items() if sign in schema), "string")

    def _object(self, schema: JsonObject, depth: int) -> JsonObject:
        properties: dict[str, JsonObject] = schema.get("properties", {})
        required: list[str] = schema.get("required", [])
        names = required if depth >= _DEEP else list(dict.fromkeys([*properties, *required]))
        filled = {name: self._value(properties.get(name, True), name, depth + 1) for name in names}
        extra = schema.get("additionalProperties")
        while len(filled) < schema.get("minProperties", 0):
            filled[f"{self._chance.choice(words.NOUNS)}_{len(filled)}"] = self._value(extra or True, "", depth + 1)
        return filled

    def _array(self, schema: JsonObject, name: str, depth: int) -> list[Any]:
        first: list[JsonObject] = schema.get("prefixItems", [])
        items = schema.get("items", True)
        least = max(schema.get("minItems", 0), len(first))
        wanted = least if depth >= _DEEP else max(least, 2)
        wanted = min(wanted, schema.get("maxItems", wanted))
        filled = [self._value(one, name, depth + 1) for one in first[:wanted]]
        unique: bool = schema.get("uniqueItems", False)
        for _ in range(200):
            if len(filled) >= wanted:
                break
            value = self._value(items, name, depth + 1)
            if not unique or value not in filled:
                filled.append(value)
        return filled

    def _string(self, schema: JsonObject, name: str) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 10_000)
        if pattern := schema.get("pattern"):
            return matching(pattern, self._chance)
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]](self._chance)
        text = self._named(name.lower()) or self._writer.phrase(least)
        while len(text) < least:
            text = f"{text} {self._chance.choice(words.NOUNS)}"
        return text[:most]

    def _named(self, name: str) -> str:
        """What a field of that name would hold."""
        choose = self._chance.choice
        if any(hint in name for hint in ("city", "location", "place", "town", "destination", "country")):
            return self._next_name() or choose(words.CITIES)
        if "email" in name:
            return f"{choose(words.FIRST_NAMES).lower()}@example.com"
        if name.endswith("name") or name in ("author", "person", "user"):
            return self._next_name() or f"{choose(words.FIRST_NAMES)} {choose(words.LAST_NAMES)}"
        if name.endswith("date"):
            return _date(self._chance)
        return ""

    def _next_name(self) -> str:
        return self._names.pop(0) if self._names else ""

    def _number(self, schema: JsonObject, step: float) -> float:
        step = schema.get("multipleOf", step)
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        if low is None:
            low = 0 if high is None or high > 0 else high - 100 * step
        if high is None:
            high = low + 100 * step
        first, last = math.ceil(low / step), math.floor(high / step)
        first += "exclusiveMinimum" in schema and first * step <= schema["exclusiveMinimum"]
        last -= "exclusiveMaximum" in schema and last * step >= schema["exclusiveMaximum"]
        if first > last:  # no step fits between the bounds: any number will do
            return (low + high) / 2
        return self._chance.randint(first, last) * step


def _merged(one: JsonObject, other: JsonObject) -> JsonObject:
    merged = one | other
    if "properties" in one and "properties" in other:
        merged["properties"] = one["properties"] | other["properties"]
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return merged


def _date(chance: Random) -> str:
    return f"{chance.randint(2020, 2030)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"


def _time(chance: Random) -> str:
    return f"{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:00Z"


_FORMATS: dict[str, Callable[[Random], str]] = {
    "date": _date,
    "time": _time,
    "date-time": lambda chance: f"{_date(chance)}T{_time(chance)}",
    "duration": lambda chance: f"PT{chance.randint(1, 59)}M",
    "email": lambda chance: f"{chance.choice(words.FIRST_NAMES).lower()}@example.com",
    "hostname": lambda chance: f"{chance.choice(words.NOUNS)}.example.com",
    "uri": lambda chance: f"https://example.com/{chance.choice(words.NOUNS)}",
    "uuid": lambda chance: str(UUID(int=chance.getrandbits(128), version=4)),
    "ipv4": lambda chance: f"192.0.2.{chance.randint(1, 254)}",
    "ipv6": lambda chance: f"2001:db8::{chance.randint(1, 0xFFFF):x}",
}


def instance_json(schema: JsonObject, chance: Random, writer: Writer, names: Sequence[str] = ()) -> str:
    """A valid instance as JSON text; `{}` for an empty schema."""
    return msgspec.json.encode(Filler(schema, chance, writer, names).fill()).decode()
