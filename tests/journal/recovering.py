"""A process that waits for a line on standard input and then recovers: `python -m tests.journal.recovering <directory>`."""

from __future__ import annotations

import sys
from pathlib import Path

from headworks.stores.journal import recover
from tests.journal.writing import recoverer

if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(f"{len(recover(Path(sys.argv[1]), recoverer()))}\n")
