"""Forms with files (multipart/form-data), as decisions see them: fields as JSON, files by what is known of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from headworks.domain.errors import Fault

MANY = "[]"
"""How the name of a field ends that may come several times."""
MOST_FILES = 20
"""Of one form: more than any API takes."""


class FormField(msgspec.Struct, frozen=True):
    """A field and its value, as it came."""

    name: str
    value: bytes


class FormFile(msgspec.Struct, frozen=True):
    """A file. `size` is None while it is still coming, `head` holds its first bytes."""

    name: str
    filename: str
    content_type: str
    size: int | None
    head: bytes = b""


class _File(msgspec.Struct):
    """How a file stands among fields."""

    filename: str
    content_type: str
    size: int | None


def fields_of(parts: Iterable[FormField | FormFile]) -> dict[str, msgspec.Raw]:
    """What a form says, by name. A value is a string, a file an object; what may come several times is a list.

    Raises `Fault`: `duplicate_field` where a name comes twice, `invalid_request` where a value is no text.
    """
    said: dict[str, msgspec.Raw | list[msgspec.Raw]] = {}
    for part in parts:
        value = msgspec.Raw(msgspec.json.encode(_value(part)))
        known = said.setdefault(part.name, [] if part.name.endswith(MANY) else value)
        if isinstance(known, list):
            known.append(value)
        elif known is not value:
            raise Fault("duplicate_field", f"The field '{part.name}' stands twice in the form. Send it once.", param=part.name)
    return {name: _joined(value) if isinstance(value, list) else value for name, value in said.items()}


def _value(part: FormField | FormFile) -> object:
    if isinstance(part, FormFile):
        return _File(part.filename, part.content_type, part.size)
    try:
        return part.value.decode()
    except UnicodeDecodeError:
        raise Fault("invalid_request", f"The field '{part.name}' is not UTF-8. Send it so.", param=part.name) from None


def _joined(values: list[msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(b"[%b]" % b",".join(map(bytes, values)))
