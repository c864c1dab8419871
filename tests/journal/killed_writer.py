"""A process that writes a journal as fast as it can, until it is killed: `python -m tests.journal.killed_writer <directory> <segment bytes>`.

It prints the number of each exchange after its begin and its end are in the file, so that whoever kills it knows what must be there.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count

from headworks.domain.snapshot import JournalSettings
from headworks.stores.journal import SegmentedJournal
from tests.journal.writing import begin, checkpoint, end


class _Clock:
    def now(self) -> float:
        return time.monotonic()

    def wall_ns(self) -> int:
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def main() -> None:
    """Run until killed. Every third exchange overlaps the next two."""
    settings = JournalSettings(directory=sys.argv[1], segment_bytes=int(sys.argv[2]))
    journal = SegmentedJournal(settings, "gateway", _Clock(), print)
    base = os.getpid() << 20
    for number in count(base):
        journal.begin(begin(number))
        os.write(1, b"b%d\n" % number)
        if number % 3 == 0:
            journal.checkpoint(checkpoint(number))
        else:
            journal.end(end(number))
            os.write(1, b"e%d\n" % number)
        if number % 3 == 2:
            first = number - 2
            if first >= base:
                journal.end(end(first))
                os.write(1, b"e%d\n" % first)


if __name__ == "__main__":
    main()
