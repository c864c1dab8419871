"""After a crash: every exchange that was begun and not ended is ended as `killed`, exactly once.

The end-records go into a new segment of the *dead* epoch, written by whoever holds its lock. So all records of an exchange lie in one
epoch, two processes never recover the same one at once, and one that is killed on the way leaves what it wrote to be counted by
the next, which ends only the rest. A footer with `last` closes the epoch.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from headworks import __version__
from headworks.domain.charges import used_up
from headworks.domain.counted import counted
from headworks.domain.exchange import SCHEMA, Begin, Checkpoint, Exchange, Footer, Header
from headworks.domain.money import Money
from headworks.domain.outcome import Ending
from headworks.domain.usage import Certainty, Usage
from headworks.ports.clock import Clock
from headworks.stores.journal.lock import EpochLock
from headworks.stores.journal.reader import reading
from headworks.stores.journal.schema import NewerSchemaError
from headworks.stores.journal.segment import Epoch, OpenSegment, Segment, find_epochs
from headworks.stores.journal.writer import Say

_NS_PER_MS = 1_000_000
_MARGIN = 64 << 10
_DETAIL = "The gateway process died before this exchange ended. Charged by estimate: the prompt, and the answer up to the last checkpoint."


class Recoverer(NamedTuple):
    """Who recovers. `name` stands in the headers of the segments it writes."""

    name: str
    clock: Clock
    say: Say


def recover(directory: Path, by: Recoverer) -> list[Exchange]:
    """End what dead processes left open. Safe to call at any time, from any number of processes. Returns what was ended now.

    An epoch that cannot be written at the moment (full disk) is left for the next call, and said.
    """
    ended: list[Exchange] = []
    for epoch, segments in find_epochs(directory).items():
        if is_closed(segments):
            continue
        try:
            ended += _recover_epoch(directory, epoch, by)
        except OSError as trouble:
            by.say(f"what {epoch.stem} left open could not be recovered yet ({trouble.strerror}): it is tried again")
        except NewerSchemaError as newer:
            by.say(f"what {epoch.stem} left open is not recovered: {newer}")
    return ended


def is_closed(segments: Sequence[Segment]) -> bool:
    """Whether an epoch's last segment says that nothing follows."""
    try:
        with reading(segments[-1].path) as reader:
            last = next(reader.lines_backwards(4096), b"")
            record = reader.decode(last)
    except (FileNotFoundError, NewerSchemaError):
        return False
    return isinstance(record, Footer) and record.last


def _recover_epoch(directory: Path, epoch: Epoch, by: Recoverer) -> list[Exchange]:
    lock = EpochLock.take(directory, epoch)
    if lock is None:
        return []  # it lives, or somebody else recovers it
    closed = False
    try:
        segments = find_epochs(directory).get(epoch, [])  # again: a recovery may have finished before we got the lock
        if not segments or is_closed(segments):
            closed = True
            return []
        oldest = oldest_needed(segments)
        ended = [_killed(begin, mark) for begin, mark in open_exchanges(segments, oldest)]
        _write(_following(directory, segments[-1]), oldest, ended, by)
        closed = True
    finally:
        lock.release(forget=closed)
    if ended:
        by.say(f"{epoch.stem} died with {counted(len(ended), 'exchange')} open: recorded as killed, and charged by estimate")
    return ended


def _following(directory: Path, last: Segment) -> Segment:
    return Segment.named(directory, last.epoch, last.number + 1)


def oldest_needed(segments: Sequence[Segment]) -> int:
    """Number of the segment from which on begins may be open, as the newest readable header says."""
    for segment in reversed(segments):
        with reading(segment.path) as reader:
            if reader.header is not None:
                return reader.header.oldest
    return 0


def open_exchanges(segments: Sequence[Segment], oldest: int = 0) -> list[tuple[Begin, Checkpoint | None]]:
    """Begins without an end in the segments from number `oldest` on, each with its last checkpoint, in the order of beginning."""
    begins: dict[str, Begin] = {}
    marks: dict[str, Checkpoint] = {}
    for segment in segments:
        if segment.number < oldest:
            continue
        with reading(segment.path) as reader:
            for record in reader.records():
                if isinstance(record, Begin):
                    begins[record.id] = record
                elif isinstance(record, Checkpoint):
                    marks[record.id] = record
                elif isinstance(record, Exchange):
                    begins.pop(record.id, None)
                    marks.pop(record.id, None)
    return [(begin, marks.get(begin.id)) for begin in begins.values()]


def _killed(begin: Begin, mark: Checkpoint | None) -> Exchange:
    """The end-record of an exchange whose process died: prompt and output at the last checkpoint, or the prompt alone."""
    if mark is not None:
        usage, cost, duration = mark.usage, mark.cost_nanos, (mark.at - begin.at) / _NS_PER_MS
    else:
        usage, cost, duration = Usage(input=begin.reserved.input), Money.of_exact(begin.prompt_exact).nanos, 0.0
    return Exchange(
        id=begin.id,
        at=begin.at,
        kind=begin.kind,
        ending=Ending.KILLED,
        status=0,
        revision=begin.revision,
        principal=begin.principal,
        asked=begin.asked,
        target=mark.target if mark is not None else begin.target,
        provider=begin.provider,
        front=begin.front,
        stream=begin.stream,
        detail=_DETAIL,
        usage=usage,
        certainty=Certainty.ESTIMATED,
        cost=cost,
        price=cost,
        currency=begin.currency,
        duration=max(0.0, duration),
        parent=begin.parent,
        purpose=begin.purpose,
        payer=begin.payer,
        lineage=begin.lineage,
        customer=begin.customer,
        counters=used_up(begin.counters, usage, cost),
        overrun=max(0, cost - begin.reserved_nanos) if begin.counters else 0,
    )


def _write(segment: Segment, oldest: int, ended: Sequence[Exchange], by: Recoverer) -> None:
    """A segment with these end-records and the footer that closes the epoch, on the disk. Raises `OSError`."""
    epoch = segment.epoch
    header = Header(
        schema=SCHEMA,
        process=epoch.process,
        epoch=epoch.born,
        wall_ns=by.clock.wall_ns(),
        mono_ns=int(by.clock.now() * 1e9),
        segment=segment.number,
        version=__version__,
        oldest=oldest,
        recovered_by=by.name,
    )
    lines = bytearray()
    for exchange in ended:
        lines += msgspec.json.encode(exchange)
        lines += b"\n"
    _require_room(segment.path.parent, len(lines))
    fresh = OpenSegment(segment, header)
    try:
        fresh.write(lines)
        fresh.seal(Footer(wall_ns=by.clock.wall_ns(), ends=len(ended), last=True))
        fresh.sync()
    finally:
        fresh.close()


def _require_room(directory: Path, size: int) -> None:
    """Raises `OSError` on a full disk. A try that fails half-way would leave a segment behind, every few seconds."""
    disk = os.statvfs(directory)
    if disk.f_bavail * disk.f_frsize < size + _MARGIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory))
