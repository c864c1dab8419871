"""JSON schemas ↔ what Gemini calls a schema: the part of them that OpenAPI 3.0 has, with types in capitals."""

from __future__ import annotations

from typing import Any

from headworks.domain.message import Downgrade, JsonObject

_KEPT = frozenset(
    (
        *("type", "format", "title", "description", "nullable", "enum", "default", "example", "pattern", "propertyOrdering"),
        *("items", "minItems", "maxItems", "properties", "required", "minProperties", "maxProperties"),
        *("minLength", "maxLength", "minimum", "maximum", "anyOf"),
    )
)

_SILENT = frozenset(("$defs", "definitions", "$schema", "$id"))
"""Keywords that say nothing by themselves."""


def recased(schema: Any, *, upper: bool) -> Any:
    """The schema with its types in capitals, or in small letters as JSON schema wants them."""
    if isinstance(schema, list):
        return [recased(item, upper=upper) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: JsonObject = {}
    for name, value in schema.items():
        if name == "type" and isinstance(value, str):
            out[name] = value.upper() if upper else value.lower()
        elif name in ("properties", "$defs") and isinstance(value, dict):
            out[name] = {key: recased(inner, upper=upper) for key, inner in value.items()}
        else:
            out[name] = value if name in ("enum", "default", "example", "required") else recased(value, upper=upper)
    return out


def in_capitals(schema: JsonObject) -> bool:
    """Whether all of its types are in capitals, so that writing them so again loses nothing."""
    return recased(schema, upper=True) == schema and recased(schema, upper=False) != schema


class Subset:
    """Brings one schema down to the subset; what it can't say is reported under `path`, each keyword once."""

    def __init__(self, schema: JsonObject, path: str, losses: list[Downgrade]) -> None:
        self._root = schema
        self._path = path
        self._losses = losses
        self._lost: set[str] = set()

    def write(self) -> JsonObject:
        """The schema in Gemini's terms."""
        return recased(self._down(self._root, ()), upper=True)

    def _down(self, schema: Any, within: tuple[str, ...]) -> Any:
        """One schema; `within` are the definitions that it stands in: one that holds itself is brought to an end."""
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference, schema, within)
        out: JsonObject = {}
        for name, value in schema.items():
            out.update(self._keyword(name, value, within))
        return out

    def _keyword(self, name: str, value: Any, within: tuple[str, ...]) -> JsonObject:
        """One keyword in Gemini's terms; nothing where it has none."""
        match name, value:
            case "properties", dict():
                return {name: {key: self._down(inner, within) for key, inner in value.items()}}
            case "items", _:
                return {name: self._down(value, within)}
            case "anyOf" | "oneOf", list():
                return self._choice([self._down(inner, within) for inner in value])
            case "type", list():
                return _union([str(word) for word in value])
            case "const", _:
                return {"enum": [value]}
            case _:
                return self._plain(name, value)

    def _plain(self, name: str, value: Any) -> JsonObject:
        if name in _KEPT:
            return {name: value}
        if name not in _SILENT:
            self._lose(name)
        return {}

    def _referred(self, reference: str, schema: JsonObject, within: tuple[str, ...]) -> Any:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
            found = found.get(step) if isinstance(found, dict) else None
        if reference in within or not isinstance(found, dict):
            self._lose("$ref")
            return {"type": "object"}
        beside = {name: value for name, value in schema.items() if name not in ("$ref", "$defs", "definitions")}
        return self._down({**found, **beside}, (*within, reference))

    def _choice(self, forms: list[JsonObject]) -> JsonObject:
        real = [form for form in forms if form.get("type") != "null"]
        nullable = {"nullable": True} if len(real) < len(forms) else {}
        return {**(real[0] if len(real) == 1 else {"anyOf": real}), **nullable}

    def _lose(self, name: str) -> None:
        if name not in self._lost:
            self._lost.add(name)
            self._losses.append(Downgrade(f"{self._path}.{name}", "left out: this model's schemas do not know it"))


def _union(words: list[str]) -> JsonObject:
    real = [word for word in words if word != "null"]
    nullable = {"nullable": True} if len(real) < len(words) else {}
    return {**({"type": real[0]} if len(real) == 1 else {"anyOf": [{"type": word} for word in real]}), **nullable}
