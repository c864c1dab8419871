"""Files that outlive a power cut: what was written is there as a whole, or what was there before it. And locks, which outlive nobody.

write_whole, make_whole    a file, replaced or made in one step
remove_leftovers           of the former, where a writer was killed
append_line, read_lines    a file that grows line by line
take_lock, is_locked       who is alive
sync_directory             names, for whoever keeps a file open and syncs it itself (the journal)
"""

from __future__ import annotations

from headworks.files.directory import sync_directory
from headworks.files.leftovers import remove_leftovers
from headworks.files.lines import append_line, read_lines
from headworks.files.lock import is_locked, take_lock
from headworks.files.whole import make_whole, write_whole

__all__ = [
    "append_line",
    "is_locked",
    "make_whole",
    "read_lines",
    "remove_leftovers",
    "sync_directory",
    "take_lock",
    "write_whole",
]
