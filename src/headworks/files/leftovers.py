"""What is left of files whose writer was killed before they had their names."""

from __future__ import annotations

from pathlib import Path

UNFINISHED = ".unfinished"
"""Ends the names of files that are being written."""
_ABANDONED_NS = 3_600 * 10**9
"""Nobody writes a small file for so long."""


def remove_leftovers(directory: Path, wall_ns: int) -> int:
    """Remove, there and in folders below, what was begun more than an hour before `wall_ns` and never finished; how many that were. Raises `OSError`."""
    removed = 0
    for path in directory.rglob(f".*{UNFINISHED}"):
        try:
            abandoned = path.stat().st_mtime_ns < wall_ns - _ABANDONED_NS
        except FileNotFoundError:
            continue  # finished meanwhile
        if abandoned:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
