"""Stores of one process: fast, exact, gone with it."""

from headworks.stores.memory.answers import MemoryAnswers
from headworks.stores.memory.counters import MemoryCounters
from headworks.stores.memory.keys import SnapshotKeys
from headworks.stores.memory.replays import MemoryReplays
from headworks.stores.memory.shelf import MemoryShelf

__all__ = ["MemoryAnswers", "MemoryCounters", "MemoryReplays", "MemoryShelf", "SnapshotKeys"]
