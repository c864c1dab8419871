"""The journal of one gateway process: every mark is in the file when the call returns, so nothing leaves the house unrecorded.

    begin     raises the fault where it could not be written and the configuration says `refuse`
    end       never raises: what the disk does not take waits in the backlog until it does

The append is the one blocking call of the hot path: a `write` into the page cache, about 2 µs. The disk is waited for elsewhere (`upkeep.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.exchange import Begin, Checkpoint, Exchange
from headworks.domain.gauges import JournalGauges
from headworks.domain.snapshot import JournalSettings
from headworks.ports.clock import Clock
from headworks.stores.journal.backlog import Backlog
from headworks.stores.journal.chain import SegmentChain

Say = Callable[[str], None]
_LINE_BREAK = 0x0A
_RETRY_AFTER = 5.0


class SegmentedJournal:
    """A `ports.stores.Journal`. One per process, on the loop's thread; `close` it last.

    With `autoflush` off, marks gather until `flush`: for a caller who writes those of one loop tick together, and lets no byte go before.
    """

    def __init__(self, settings: JournalSettings, process: str, clock: Clock, say: Say, *, autoflush: bool = True) -> None:
        """Opens the first segment in `settings.directory`. Raises `Fault` `journal_unwritable`."""
        self._settings = settings
        self._say = say
        self._autoflush = autoflush
        try:
            self._chain = SegmentChain(Path(settings.directory), process, clock)
        except OSError as trouble:
            raise Fault(
                "journal_unwritable",
                f"The journal cannot be written in {settings.directory or 'an unnamed directory'}: {trouble.strerror}. "
                "Make that directory writable and see that the disk has room, or name another one as journal.directory.",
            ) from trouble
        self._encode_into = msgspec.json.Encoder().encode_into
        self._buffer = bytearray()
        self._backlog = Backlog()
        self._open: dict[str, int] = {}  # id → number of the segment with its begin
        self._rotate_at = settings.segment_bytes
        self._begins = self._ends = 0
        self._counted = (0, 0)  # begins and ends up to the current segment
        self._refused = self._dropped = 0
        self._trouble: OSError | None = None
        self._pinned: int | None = None  # the oldest segment that may hold a begin whose end the disk did not take
        self._sync_seconds = 0.0

    # ── The journey calls these ──────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, mark: Begin) -> None:
        """Record that money may be spent from now on. Raises `Fault` `journal_unwritable` where that cannot be, and must."""
        self._open[mark.id] = self._chain.number
        self._begins += 1
        try:
            self._append(mark)
        except OSError as trouble:
            self._begins -= 1
            del self._open[mark.id]
            if self._settings.on_full == "refuse":
                self._refused += 1
                raise _unwritable(trouble, self._settings.directory) from trouble
            self._dropped += 1

    def checkpoint(self, mark: Checkpoint) -> None:
        """Record how far a stream has come. One that cannot be written is let go: the next one says more."""
        try:
            self._append(mark)
        except OSError:
            self._dropped += 1

    def end(self, record: Exchange) -> None:
        """Record how an exchange ended. Waits in memory where the disk is full."""
        self._open.pop(record.id, None)
        self._ends += 1
        with suppress(OSError):  # it is in the backlog, and `flush` has said so
            self._append(record)

    def _append(self, record: Begin | Checkpoint | Exchange) -> None:
        buffer = self._buffer
        start = len(buffer)
        try:
            self._encode_into(record, buffer, start)
        except BaseException:
            del buffer[start:]
            raise
        buffer.append(_LINE_BREAK)
        if self._autoflush:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered. Raises `OSError`: then begins and checkpoints in it are lost, and ends wait in the backlog."""
        try:
            if self._trouble is None:
                self._chain.current.write(self._buffer)
            else:
                self._try_again()
        except OSError as trouble:
            self._backlog.keep_ends(self._buffer)
            self._lament(trouble)
            raise
        if self._chain.current.size >= self._rotate_at:
            self._rotate()

    # ── Trouble with the disk ────────────────────────────────────────────────────────────────────────────────────────────

    def _lament(self, trouble: OSError) -> None:
        if self._trouble is None:
            self._pinned = self._chain.oldest
            policy = "requests are refused" if self._settings.on_full == "refuse" else "requests are served and NOT RECORDED"
            self._say(
                f"the journal in {self._settings.directory} cannot be written ({trouble.strerror}): {policy} until it can. "
                "Free space there, or shorten journal.keep_days."
            )
        self._trouble = trouble

    def _try_again(self) -> None:
        """Write what waits, then what has gathered. Raises `OSError`."""
        waiting = len(self._backlog)
        if self._chain.current.torn or not (waiting or self._buffer):
            self._advance()  # with nothing to write, the new segment's header is the proof that one can
        self._backlog.drain(self._chain.current)
        self._chain.current.write(self._buffer)
        self._trouble = None
        if not self._backlog.lost:
            self._pinned = None
        self._say(
            f"the journal can be written again: {waiting} records had waited, {self._backlog.lost} ends and {self._dropped} other marks "
            f"were lost, {self._refused} requests refused since the start"
        )

    # ── Segments ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _rotate(self) -> None:
        try:
            self._advance()
        except OSError as trouble:
            self._rotate_at += self._settings.segment_bytes // 8 + 1
            self._say(f"the journal goes on in the same segment: a new one cannot be started ({trouble.strerror})")
        else:
            self._rotate_at = self._settings.segment_bytes

    def _advance(self) -> None:
        begins, ends = self._counted
        footer = self._chain.footer(begins=self._begins - begins, ends=self._ends - ends)
        oldest = min(self._open.values(), default=None) if self._pinned is None else self._pinned
        self._chain.advance(oldest, footer)
        self._counted = (self._begins, self._ends)

    def tend(self) -> None:
        """Once a second: start a new segment where the old one is too old or was deleted, and try again what waits."""
        if self._trouble is not None:
            with suppress(OSError):  # still: it has been said
                self.flush()
        elif self._chain.current.vanished():
            self._say(f"somebody deleted {self._chain.current.segment.path}, which was being written: the journal has a hole")
            self._rotate()
        elif self._chain.age() >= self._settings.segment_seconds and self._counted != (self._begins, self._ends):
            self._rotate()

    @property
    def chain(self) -> SegmentChain:
        """The segments, for whoever syncs them."""
        return self._chain

    def note_sync(self, seconds: float) -> None:
        """How long the disk was waited for, for the gauges."""
        self._sync_seconds = seconds

    def gauges(self) -> JournalGauges:
        """How it is doing."""
        return JournalGauges(
            open=len(self._open),
            begins=self._begins,
            ends=self._ends,
            bytes=self._chain.bytes,
            segments=self._chain.number,
            unwritable=self._trouble is not None,
            backlog=len(self._backlog),
            refused=self._refused,
            dropped=self._dropped + self._backlog.lost,
            sync_seconds=self._sync_seconds,
        )

    def close(self) -> None:
        """Write what waits, seal and let go. Exchanges still open are left to a recovery."""
        try:
            self.flush()
        except OSError:
            self._say(f"{len(self._backlog)} end-records could not be written: a recovery will charge them by estimate")
        begins, ends = self._counted
        last = not self._open and self._pinned is None
        try:
            self._chain.close(self._chain.footer(begins=self._begins - begins, ends=self._ends - ends, last=last))
        except OSError as trouble:
            self._say(f"the journal's last segment could not be sealed ({trouble.strerror}); it will be read all the same")

    def __repr__(self) -> str:
        return f"<SegmentedJournal {self._chain!r} · {len(self._open)} open>"


def _unwritable(trouble: OSError, directory: str) -> Fault:
    return Fault(
        "journal_unwritable",
        "The gateway cannot record requests at the moment, and is configured not to serve what it cannot record. Try again later.",
        retry_after=_RETRY_AFTER,
        detail=f"{directory}: {trouble.strerror}",
    )
