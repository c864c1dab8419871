"""One spelling: Google's servers take every field in camelCase and in snake_case, so two spellings of one field are one field said twice."""

from __future__ import annotations

import re
from typing import Any

from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject

_SNAKE = re.compile(r"_+([a-zA-Z0-9])")
_CALLERS = frozenset(
    (
        *("args", "response", "labels", "metadata", "properties"),
        *("parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "responseFormat"),
    )
)
"""Fields whose content is the caller's: their keys are no fields of the API."""


def camel(name: str) -> str:
    """The spelling in which everything else here knows a field."""
    return _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name


def respelt(value: Any) -> Any:
    """The same JSON with the API's fields in camelCase. Raises `Fault` `duplicate_field` where one is there in two spellings."""
    if isinstance(value, list):
        return [respelt(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields: JsonObject = {}
    for written, item in value.items():
        name = camel(written)
        if name in fields:
            raise said_twice(written)
        fields[name] = item if name in _CALLERS else respelt(item)
    return fields


def said_twice(name: str) -> Fault:
    """What a caller is told who sends one field in two spellings."""
    shown = name[:60]
    return Fault("duplicate_field", f"The field {shown!r} stands in the request in two spellings. Send it once.", param=shown)
