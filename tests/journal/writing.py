"""What the tests of the journal are made of: marks, journals, and what stands in their files."""

from __future__ import annotations

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headworks.domain.exchange import Begin, Checkpoint, Exchange, Record
from headworks.domain.outcome import Ending
from headworks.domain.snapshot import JournalSettings
from headworks.domain.usage import Certainty, Usage
from headworks.stores.journal import Recoverer, SegmentedJournal
from headworks.stores.journal.reader import reading
from headworks.stores.journal.segment import find_epochs
from headworks.testing import FrozenClock

AT = 1_767_225_600_000_000_000


def name(number: int) -> str:
    """An exchange's id."""
    return f"0197f0000000700080000000{number:08x}"


def begin(number: int = 1, **changes: Any) -> Begin:
    """A begin-mark of 100 prompt tokens at 2 dollars a million."""
    fields: dict[str, Any] = {
        "id": name(number),
        "at": AT + number,
        "kind": "chat",
        "principal": "key-1",
        "asked": "model",
        "target": "test/model",
        "revision": "r1",
        "reserved": Usage(input=100, output=4096),
        "prompt_exact": 100 * 2_000_000_000,
    }
    return Begin(**fields | changes)


def checkpoint(number: int = 1, output: int = 10, **changes: Any) -> Checkpoint:
    """A checkpoint after so many tokens of output."""
    fields: dict[str, Any] = {
        "id": name(number),
        "at": AT + number + 5_000_000_000,
        "target": "test/model",
        "usage": Usage(input=100, output=output),
        "certainty": Certainty.ESTIMATED,
        "cost_nanos": 200_000 + output * 8_000,
    }
    return Checkpoint(**fields | changes)


def end(number: int = 1, **changes: Any) -> Exchange:
    """An exchange that went well."""
    fields: dict[str, Any] = {
        "id": name(number),
        "at": AT + number,
        "kind": "chat",
        "ending": Ending.FINISHED,
        "status": 200,
        "asked": "model",
        "target": "test/model",
        "provider": "test",
        "usage": Usage(input=100, output=50),
        "cost": 600_000,
        "price": 600_000,
        "duration": 812.5,
    }
    return Exchange(**fields | changes)


class Voice:
    """Hears what is said to the operator."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, message: str) -> None:
        self.said.append(message)


def journal_in(
    directory: Path, clock: FrozenClock | None = None, voice: Voice | None = None, **settings: Any
) -> SegmentedJournal:
    """A journal of a gateway, being written."""
    chosen = JournalSettings(directory=str(directory), **settings)
    return SegmentedJournal(chosen, "gateway", clock or FrozenClock(wall_ns=AT), voice or Voice())


def abandon(journal: SegmentedJournal) -> None:
    """Let go of the files as a killed process does: nothing sealed, the lock free."""
    journal.chain.current.close()
    journal.chain._lock.release()


def recoverer(name: str = "test") -> Recoverer:
    """Somebody who recovers."""
    return Recoverer(name, FrozenClock(wall_ns=AT), Voice())


def records_in(directory: Path) -> list[Record]:
    """Everything that can be read, in order."""
    found: list[Record] = []
    for segments in find_epochs(directory).values():
        for segment in segments:
            with reading(segment.path) as reader:
                found += reader.records()
    return found


def exchanges_in(directory: Path) -> list[Exchange]:
    """The end-records, in order."""
    return [record for record in records_in(directory) if isinstance(record, Exchange)]


@contextmanager
def largest_file(size: int) -> Generator[None]:
    """No file may grow beyond `size` bytes: the kernel writes up to it and then refuses, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
