"""Counts as an upstream reports them: believed one by one, so that one that is nonsense takes no other with it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

MOST = 2**53
"""The largest count that is believed, and that every reader of JSON can hold."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)] | None
"""A count on the wire. Absent and null mean that it was not reported, and so does what is negative or absurd."""

_Form = TypeVar("_Form", bound=msgspec.Struct)


def read_form(raw: dict[str, Any], form: type[_Form]) -> _Form:
    """The counts in a decoded object, whatever else is in it. Never fails."""
    try:
        return msgspec.convert(raw, form)
    except msgspec.ValidationError:
        said = form()
    for name, value in _credible(raw).items():
        if name in form.__struct_fields__:
            try:
                setattr(said, name, getattr(msgspec.convert({name: value}, form), name))
            except msgspec.ValidationError:
                continue  # an object where a count belongs, or the reverse
    return said


def _credible(raw: dict[str, Any]) -> dict[str, Any]:
    """Only what can be a count, what holds counts, and what says of which kind they are."""
    kept: dict[str, Any] = {}
    for name, value in raw.items():
        if isinstance(value, dict):
            kept[name] = _credible(value)
        elif isinstance(value, list):
            kept[name] = [_credible(item) for item in value if isinstance(item, dict)]
        elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST:
            kept[name] = int(value)
        elif name in {"type", "service_tier"} and isinstance(value, str):
            kept[name] = value
    return kept
