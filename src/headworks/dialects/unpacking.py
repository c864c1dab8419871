"""One JSON object of a request, taken apart field by field. What nobody took is left over, so that nothing is lost in silence."""

from __future__ import annotations

from typing import Any

from headworks.domain.errors import Fault
from headworks.domain.message import FORM, JsonObject

_NUMBER = (int, float)


class Unpacked:
    """Takes known fields out of a copy of a JSON object; `rest` holds the others.

    A field that is null, or empty where empty means «not said», answers None and stays in `rest`, to be written back as it came. One of
    the wrong type raises `Fault` `invalid_request` that names its path.
    """

    __slots__ = ("_path", "rest")

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(path, "an object")
        self.rest: JsonObject = dict(value)
        self._path = path

    def path(self, name: str) -> str:
        """Where the field is, for error messages."""
        return f"{self._path}.{name}" if self._path else name

    def word(self, name: str) -> str:
        """A string; empty and null stay in `rest`."""
        value = self.rest.get(name)
        if value is None or value == "":
            return ""
        return self._take(name, str, "a string")

    def text(self, name: str) -> str | None:
        """A string, taken even when it is empty."""
        return self._take(name, str, "a string")

    def number(self, name: str) -> float | None:
        """A number."""
        value = self.rest.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, _NUMBER):
            raise _wrong(self.path(name), "a number")
        return self.rest.pop(name)

    def whole_number(self, name: str) -> int | None:
        """A whole number (`5` or `5.0`)."""
        value = self.number(name)
        if value is None:
            return None
        if value != int(value):
            raise _wrong(self.path(name), "a whole number")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        return self._take(name, bool, "a boolean")

    def items(self, name: str) -> list[Any] | None:
        """A list; an empty one stays in `rest`."""
        value = self.rest.get(name)
        if value == []:
            return None
        return self._take(name, list, "a list")

    def object(self, name: str) -> JsonObject | None:
        """An object."""
        return self._take(name, dict, "an object")

    def _take(self, name: str, kind: type, wanted: str) -> Any:
        value = self.rest.get(name)
        if value is None:
            return None
        if not isinstance(value, kind):
            raise _wrong(self.path(name), wanted)
        return self.rest.pop(name)


def _wrong(path: str, wanted: str) -> Fault:
    return Fault("invalid_request", f"{path or 'The request body'} must be {wanted}.", param=path or None)


_SWITCHES = frozenset(("chat_template_kwargs", "web_search_options"))
"""Fields that ask for something by being there, whatever they hold."""


def says_something(value: Any) -> bool:
    """Whether a left-over value asks for anything: null, false, nothing and what holds nothing else do not."""
    if isinstance(value, dict):
        return any(map(says_something, value.values()))
    return bool(value)


def asks(name: str, value: Any) -> bool:
    """The same of a request's field."""
    return says_something(value) or (name in _SWITCHES and value is not None)


def losses(rest: JsonObject, path: str = "") -> list[str]:
    """Paths of the left-over fields that say something: null and mere form say nothing."""
    said = [name for name, value in rest.items() if value is not None and name != FORM]
    return [f"{path}.{name}" if path else name for name in said]
