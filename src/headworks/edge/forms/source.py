"""A form on its way out, written anew: under a boundary of ours, with headers of ours, and the values and files as they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from headworks.domain.form import FormFile
from headworks.edge.forms.headers import PartHead, part_head
from headworks.edge.forms.passing import Passing
from headworks.edge.forms.spool import Spool

Piece = bytes | tuple[int, int]
"""Bytes, or where they lie in the spool: start and size."""


class Part:
    """One part. `value` is a field's, or the first bytes of a file, which lies in the spool from `start` to `stop`."""

    __slots__ = ("head", "start", "stop", "value")

    def __init__(self, head: PartHead, start: int) -> None:
        self.head = head
        self.start = start
        self.stop: int | None = None
        """None: it is still coming."""
        self.value = bytearray()

    @property
    def name(self) -> str:
        """Of the field or file."""
        return self.head.name

    @property
    def is_file(self) -> bool:
        """Whether it has a file's name."""
        return self.head.filename is not None

    def file(self) -> FormFile:
        """As decisions see it."""
        shown = (self.head.filename or "").encode("utf-8", "replace").decode()
        size = None if self.stop is None else self.stop - self.start
        return FormFile(self.name, shown, self.head.content_type, size, bytes(self.value))


def delimited(head: PartHead, boundary: bytes, *, first: bool = False) -> bytes:
    """What stands before a part."""
    return b"%b--%b\r\n%b" % (b"" if first else b"\r\n", boundary, part_head(head))


def closing(boundary: bytes) -> bytes:
    """What stands behind the last part."""
    return b"\r\n--%b--\r\n" % boundary


class FormSource:
    """A `domain.body.BodySource`. `rest` is what comes behind the pieces, where it passes through."""

    def __init__(self, pieces: Sequence[Piece], spool: Spool, boundary: bytes, rest: Passing | None) -> None:
        self._pieces = [piece for piece in pieces if _size(piece)]
        self._spool = spool
        self._rest = rest
        self._next = 0
        self._at = 0
        self.content_type = b"multipart/form-data; boundary=" + boundary
        self.length = sum(map(_size, pieces)) if rest is None else None

    def take(self, most: int) -> bytes | None:
        """See `BodySource.take`."""
        if self._next == len(self._pieces):
            return None if self._rest is None else self._rest.take(most)
        piece = self._pieces[self._next]
        size = min(_size(piece) - self._at, most)
        start = self._at
        self._at += size
        if self._at == _size(piece):
            self._next, self._at = self._next + 1, 0
        return piece[start : start + size] if isinstance(piece, bytes) else self._spool.read(piece[0] + start, size)

    def on_more(self, step: Callable[[], None]) -> None:
        """See `BodySource.on_more`."""
        if self._rest is not None:
            self._rest.on_more(step)

    def rewind(self) -> bool:
        """See `BodySource.rewind`."""
        if self._rest is not None and self._rest.taken:
            return False
        self._next = self._at = 0
        return True


def pieces_of(
    parts: Sequence[Part], said: Mapping[str, msgspec.Raw], wanted: Mapping[str, msgspec.Raw], boundary: bytes, ends: int
) -> list[Piece]:
    """The parts, with the fields that are `wanted` in the place of those that were `said`; all others are as they came.

    What is not wanted is left out. A file that is still coming ends at `ends` of the spool.
    """
    changed = {name: values_in(value) for name, value in wanted.items() if said.get(name) != value}
    pieces: list[Piece] = []
    text = b""
    for name in changed.keys() - said.keys():
        for value in changed[name]:
            text += delimited(PartHead(name, None, ""), boundary, first=not text) + value
    for part in parts:
        name = part.name
        if name not in wanted or (name in changed and not changed[name]):
            continue
        text += delimited(part.head, boundary, first=not (pieces or text))
        if part.is_file:
            stop = ends if part.stop is None else part.stop
            pieces += (text, (part.start, stop - part.start))
            text = b""
        else:
            text += changed[name].pop(0) if name in changed else bytes(part.value)
    return [*pieces, text] if text else pieces


def values_in(raw: msgspec.Raw) -> list[bytes]:
    """What a field's value is in a form, as often as it stands there: texts as they are, all else as JSON writes it."""
    value = msgspec.json.decode(raw)
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each.encode() if isinstance(each, str) else msgspec.json.encode(each) for each in values]


def _size(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece[1]
