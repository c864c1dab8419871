"""Looks back: the newest exchanges first, and all that is known of one."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from headworks.domain.exchange import Begin, Checkpoint, Exchange
from headworks.domain.feedback import concerns
from headworks.domain.outcome import Ending
from headworks.stores.journal.lock import is_held
from headworks.stores.journal.reader import reading
from headworks.stores.journal.schema import END
from headworks.stores.journal.segment import Segment, find_epochs

_NS_PER_MS = 1_000_000


class Story(msgspec.Struct, kw_only=True):
    """One exchange, as far as it has come."""

    id: str
    alive: bool
    """Whether the process that serves or served it lives."""
    begin: Begin | None = None
    checkpoint: Checkpoint | None = None
    """The last one."""
    end: Exchange | None = None
    feedback: list[Exchange] = []
    """Exchanges that say something of this one, its own tenant's alone."""


def newest_first(directory: Path, since_ns: int = 0) -> Iterator[Exchange]:
    """Ended exchanges, the one that ended last first, back to those that began at `since_ns`. Reads only as far as it is asked."""
    epochs = (_backwards(segments, since_ns) for segments in find_epochs(directory).values())
    return heapq.merge(*epochs, key=lambda exchange: -ended_at(exchange))


def ends_of(directory: Path, stem: str, since_ns: int) -> Iterator[Exchange]:
    """As `newest_first`, of one epoch, by its stem."""
    return _backwards(next((found for epoch, found in find_epochs(directory).items() if epoch.stem == stem), []), since_ns)


def ended_at(exchange: Exchange) -> int:
    """When it ended, nanoseconds since 1970."""
    return exchange.at + int(exchange.duration * _NS_PER_MS)


def _backwards(segments: Sequence[Segment], since_ns: int) -> Iterator[Exchange]:
    for segment in reversed(segments):
        with suppress(FileNotFoundError), reading(segment.path) as reader:  # it may have become too old just now
            for line in reader.lines_backwards():
                record = reader.decode(line) if line.startswith(END) else None
                if not isinstance(record, Exchange):
                    continue
                if record.at >= since_ns:
                    yield record
                elif record.ending != Ending.KILLED and ended_at(record) < since_ns:
                    return  # all further ones ended earlier; a killed one was written later than it ended


def find(directory: Path, wanted: str) -> list[Story]:
    """Exchanges whose id is or begins with `wanted`, or that others call so: the client by its `x-request-id` or trace id, a provider
    by its id of the answer, or of the request where that failed.
    """
    said: list[Exchange] = []
    needle = msgspec.json.encode(wanted)[1:-1]
    for epoch, segments in reversed(find_epochs(directory).items()):
        alive = is_held(directory, epoch)
        stories: dict[str, Story] = {}
        for segment in segments:
            with suppress(FileNotFoundError), reading(segment.path) as reader:
                for line in reader.lines_with(needle):
                    record = reader.decode(line)
                    _tell(stories, record, wanted, alive=alive)
                    if isinstance(record, Exchange) and record.feedback is not None:
                        said.append(record)
        if stories:
            return [_with_feedback(story, said) for story in stories.values()]
    return []


def _with_feedback(story: Story, said: Sequence[Exchange]) -> Story:
    """Feedback may be given while another process serves: later epochs have been read by then."""
    had = story.end
    if had is not None:
        story.feedback = [
            each
            for each in said
            if each.feedback is not None
            and each.feedback.exchange == had.id
            and concerns((each.principal, each.lineage), (had.principal, had.lineage))
        ]
    return story


def _tell(stories: dict[str, Story], record: object, wanted: str, *, alive: bool) -> None:
    if not isinstance(record, Begin | Checkpoint | Exchange):
        return
    names: set[str] = set()
    if isinstance(record, Exchange):
        theirs = (id_ for tried in record.tried for id_ in (tried.upstream_id, tried.request_id))
        names = {record.client_request_id, record.trace, *theirs}
    if not record.id.startswith(wanted) and wanted not in names:
        return
    story = stories.setdefault(record.id, Story(id=record.id, alive=alive))
    if isinstance(record, Begin):
        story.begin = record
    elif isinstance(record, Checkpoint):
        story.checkpoint = record
    else:
        story.end = record
