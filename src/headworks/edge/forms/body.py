"""The body of a request that is a form, while it comes in.

Up to `ahead` bytes of its files it is read to its end and put aside: its fields may stand in any order, and it can be sent again. What is
larger passes through, as fast as it is taken: all that has to be decided on must have come before.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec

from headworks.domain.body import BodySource, Form, Replay
from headworks.domain.errors import Fault
from headworks.domain.form import MANY, MOST_FILES, FormField, FormFile, fields_of
from headworks.domain.outcome import Outcome
from headworks.edge.body import IncomingBody
from headworks.edge.forms.headers import PartHead, boundary_of
from headworks.edge.forms.passing import Passing
from headworks.edge.forms.reader import FormReader
from headworks.edge.forms.source import FormSource, Part, closing, delimited, pieces_of
from headworks.edge.forms.spool import Room, Spool

LARGEST_FIELDS = 1_048_576
"""Bytes of all fields that are no files."""
HEAD = 4_096
"""Bytes of a file that are kept to tell what it is."""
STEP = 65_536
"""Bytes that have to come in time for the next to be waited for."""
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class FormBody(IncomingBody):
    """A `domain.body.Body` and its `Form`. `complete` says, as of every body, that all of it has come; `read` may return earlier."""

    replay = Replay.SPOOLED

    def __init__(self, content_type: bytes, ahead: int, most: int, room: Room) -> None:
        """At most `most` bytes will come. Raises `Fault` for a content type that says no boundary."""
        super().__init__()
        self._reader = FormReader(boundary_of(content_type), self)
        self._ahead = ahead
        self.most = most
        self._boundary = secrets.token_hex(16).encode()
        """Of the form that goes out: nobody who made its parts can have known it."""
        self._spool = Spool(room)
        self._parts: list[Part] = []
        self._names: frozenset[str] = frozenset()
        """Of files, of which more may go by without being kept."""
        self._passing: Passing | None = None
        """What comes after enough was put aside."""
        self._more: Callable[[], None] | None = None
        self._fields = 0
        self._count = 0
        """Of files."""
        self._closed = False
        self._seen = 0

    # ── As a body and a form ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def form(self) -> Form | None:
        """Itself."""
        return self

    @property
    def files(self) -> tuple[FormFile, ...]:
        """See `Form.files`."""
        return tuple([part.file() for part in self._parts if part.is_file])

    @property
    def asked_for(self) -> bool:
        """Whether more is to be read now."""
        return self._waiter is not None and (self._passing is None or self._passing.wanting)

    async def read(self) -> bytes:
        """See `Body.read`: the fields."""
        while not self.complete and self._passing is None:
            await self._coming()
        return self.data

    def written(self, fields: bytes) -> BodySource:
        """See `Form.written`."""
        said, wanted = _FIELDS.decode(self.data), _FIELDS.decode(fields)
        pieces = pieces_of(self._parts, said, wanted, self._boundary, self._spool.size)
        if self._passing is None:
            pieces.append(closing(self._boundary))
        return FormSource(pieces, self._spool, self._boundary, self._passing)

    def on_wanted(self, step: Callable[[], None]) -> None:
        """See `IncomingBody.on_wanted`. What passes through is wanted again and again."""
        super().on_wanted(step)
        self._more = step

    # ── The reader of requests calls these ───────────────────────────────────────────────────────────────────────────────

    def add(self, piece: bytes) -> None:
        """See `IncomingBody.add`. Raises `Fault`."""
        self.size += len(piece)
        if self._closed:
            return
        self._reader.feed(piece)
        if self._passing is None and self._spool.size > self._ahead and not self._reader.ended:
            self._pass_on()

    def finish(self) -> None:
        """See `IncomingBody.finish`. Raises `Fault` where the form itself has not come to an end."""
        if not self._reader.ended and not self._closed:
            raise Fault("malformed_request", "The form has no end: its last line is missing. Send all of it.")
        self._reader.close()
        if self._passing is not None:
            self._passing.add(closing(self._boundary))
            self._passing.end()
        else:
            self.data = self._said()
        self.complete = True
        self._wake()

    def fail(self, fault: Fault) -> None:
        """See `IncomingBody.fail`."""
        if not self.complete and self.fault is None:
            self._reader.close()
            super().fail(fault)
            if self._passing is not None:
                self._passing.fail(fault)

    def moves(self) -> bool:
        """Whether something has come since this was asked last, or nothing could: we do not read on."""
        seen, self._seen = self._seen, self.size
        return self.size - seen >= STEP or not (self._passing is None or self._passing.wanting)

    def let_go(self, _outcome: Outcome) -> None:
        """The exchange is over: nothing of it is kept, and nothing more is."""
        self._closed = True
        self._reader.close()
        self._spool.close()
        self._more = None
        if self._passing is not None:
            self._passing.close()

    # ── The reader of the form calls these ───────────────────────────────────────────────────────────────────────────────

    def begin_part(self, head: PartHead) -> None:
        """See `Parts.begin_part`."""
        self._count += head.filename is not None
        if self._count > MOST_FILES:
            raise Fault("invalid_request", f"The form has more than {MOST_FILES} files. Send fewer at once.", param=head.name)
        if self._passing is None:
            self._parts.append(Part(head, self._spool.size))
            return
        if head.filename is None or head.name not in self._names or not head.name.endswith(MANY):
            raise Fault(
                "invalid_request",
                f"The part '{head.name}' stands behind files of more than {self._ahead} bytes (server.upload_ahead_bytes), which have "
                "gone on already. Send all fields before the files.",
                param=head.name,
            )
        self._passing.add(delimited(head, self._boundary))

    def add_to_part(self, data: bytes) -> None:
        """See `Parts.add_to_part`."""
        part = self._parts[-1]
        if self._passing is not None:
            self._passing.add(data)
        elif part.is_file:
            self._spool.add(data)
            if len(part.value) < HEAD:
                part.value += data[: HEAD - len(part.value)]
        else:
            self._fields += len(data)
            if self._fields > LARGEST_FIELDS:
                raise Fault("request_too_large", f"The fields of the form have more than {LARGEST_FIELDS} bytes. Send less.")
            part.value += data

    def end_part(self) -> None:
        """See `Parts.end_part`."""
        if self._passing is None:
            self._parts[-1].stop = self._spool.size

    def _pass_on(self) -> None:
        """Enough was put aside: what is there has to do."""
        if not self._parts[-1].is_file and self._parts[-1].stop is None:
            return  # a field is not cut in two
        if all(part.is_file for part in self._parts):
            raise Fault(
                "invalid_request",
                f"The first {self._ahead} bytes of the form hold no field (server.upload_ahead_bytes). Send all fields before the files.",
            )
        self.data = self._said()
        self.replay = Replay.LIVE
        self._names = frozenset(part.name for part in self._parts if part.is_file)
        self._passing = Passing(self._read_on)
        self._wake()

    def _said(self) -> bytes:
        """What the form says so far. Raises `Fault`."""
        parts = [part.file() if part.is_file else FormField(part.name, bytes(part.value)) for part in self._parts]
        return msgspec.json.encode(fields_of(parts))

    def _read_on(self) -> None:
        if self._more is not None:
            self._more()
