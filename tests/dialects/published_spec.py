"""Providers' own API descriptions, as judges of what we send: a validator of the part of JSON Schema that they use, and no more.

They are strict about requests and wrong about answers, so only requests are judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from tests.dialects.recordings import shared

SPECS = shared().parent / "specs"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class Spec:
    """One API description."""

    def __init__(self, file: str) -> None:
        self._root: dict[str, Any] = json.loads((SPECS / file).read_text())

    def complaints(self, schema: str, value: Any) -> list[str]:
        """What is wrong with a value that should be of this schema: places and reasons."""
        return list(self._check({"$ref": f"#/components/schemas/{schema}"}, value, ""))

    def _check(self, schema: Any, value: Any, path: str) -> Iterator[str]:
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            yield from self._check(self._resolve(schema["$ref"]), value, path)
        if value is None and schema.get("nullable"):
            return
        yield from self._alternatives(schema, value, path)
        for part in schema.get("allOf", ()):
            yield from self._check(part, value, path)
        for keyword, judge in _JUDGES.items():
            if keyword in schema and not judge(schema[keyword], value):
                yield f"{path}: {json.dumps(value)[:80]} is not {keyword} {json.dumps(schema[keyword])[:80]}"
        if isinstance(value, dict):
            yield from self._object(schema, value, path)
        if isinstance(value, list) and "items" in schema:
            for place, item in enumerate(value):
                yield from self._check(schema["items"], item, f"{path}[{place}]")

    def _alternatives(self, schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
        for keyword in ("anyOf", "oneOf"):
            options = schema.get(keyword)
            if options is None:
                continue
            findings = [list(self._check(option, value, path)) for option in options]
            if all(findings):
                yield from min(findings, key=lambda found: (any(": type" in one for one in found), len(found)))

    def _object(self, schema: dict[str, Any], value: dict[str, Any], path: str) -> Iterator[str]:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}: {name} is missing"
        for name, item in value.items():
            if name in properties:
                yield from self._check(properties[name], item, f"{path}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{path}: {name} is unknown"

    def _resolve(self, reference: str) -> Any:
        node: Any = self._root
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        return node


@lru_cache
def spec(file: str) -> Spec:
    """The description, read once."""
    return Spec(file)


def _is_type(names: Any, value: Any) -> bool:
    kinds = [names] if isinstance(names, str) else names
    return any(isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds)


def _longer(limit: Any, value: Any) -> bool:
    return not isinstance(value, str | list) or len(value) >= limit


def _shorter(limit: Any, value: Any) -> bool:
    return not isinstance(value, str | list) or len(value) <= limit


def _above(limit: Any, value: Any) -> bool:
    return not isinstance(value, int | float) or value >= limit


def _below(limit: Any, value: Any) -> bool:
    return not isinstance(value, int | float) or value <= limit


def _matches(pattern: Any, value: Any) -> bool:
    return not isinstance(value, str) or re.search(pattern, value) is not None


_JUDGES: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _is_type,
    "const": lambda wanted, value: wanted == value,
    "enum": lambda allowed, value: value in allowed,
    "minLength": _longer,
    "minItems": _longer,
    "maxLength": _shorter,
    "maxItems": _shorter,
    "minimum": _above,
    "maximum": _below,
    "pattern": _matches,
}
