"""Bytes of a form into its parts, in any cut. No sockets.

The parser is python-multipart's. What it lets pass (an epilogue, say) does no harm: a form is written anew before it goes on.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from headworks.domain.errors import Fault
from headworks.edge.forms.headers import PartHead, read_head

MOST_PARTS = 200
"""As many as a JSON body may have fields."""


class Parts(Protocol):
    """Takes the parts of a form, one after the other."""

    def begin_part(self, head: PartHead) -> None:
        """A part, whose headers have come. Raises `Fault`."""
        ...

    def add_to_part(self, data: bytes) -> None:
        """Bytes of it. Raises `Fault`."""
        ...

    def end_part(self) -> None:
        """It is all there."""
        ...


class FormReader:
    """One per form. `ended` tells that the form has come to its own end."""

    __slots__ = ("_count", "_headers", "_name", "_parser", "_parts", "_value", "ended")

    def __init__(self, boundary: bytes, parts: Parts) -> None:
        self._parts: Parts | None = parts
        self._headers: dict[bytes, bytes] = {}
        self._name = b""
        self._value = b""
        self._count = 0
        self.ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._name_on,
                "on_header_value": self._value_on,
                "on_header_end": self._header,
                "on_headers_finished": self._headed,
                "on_part_data": self._data,
                "on_part_end": parts.end_part,
                "on_end": self._end,
            },
        )
        self._parser.logger = _unheard()

    def feed(self, data: bytes) -> None:
        """The next bytes. Raises `Fault`."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise Fault(
                "malformed_request", "The form cannot be read: its parts are not as its boundary says. Send a well-formed form."
            ) from None

    def close(self) -> None:
        """No more: let go of the parser and of whoever takes the parts, who hold on to us."""
        self._parser.callbacks = {}
        self._parts = None

    # ── The parser calls these ───────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        self._headers = {}
        self._count += 1
        if self._count > MOST_PARTS:
            raise Fault("invalid_request", f"The form has more than {MOST_PARTS} parts. Send those that the API knows.")

    def _name_on(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _value_on(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        name = self._name.lower()
        if name in self._headers:
            raise Fault(
                "malformed_request",
                f"A part of the form has the header '{name.decode('latin-1')[:80]}' twice. Send it once.",
            )
        self._headers[name] = self._value
        self._name = self._value = b""

    def _headed(self) -> None:
        if self._parts is not None:
            self._parts.begin_part(read_head(self._headers))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._parts is not None:
            self._parts.add_to_part(data[start:end])

    def _end(self) -> None:
        self.ended = True


@cache
def _unheard() -> logging.Logger:
    """Who is told by the parser what is wrong with every form: nobody."""
    nobody = logging.Logger("unheard")  # noqa: LOG001 - one that nobody else gets
    nobody.addHandler(logging.NullHandler())
    return nobody
