"""Stores of one process: fast, exact, gone with it."""

from headworks.stores.memory.answers import MemoryAnswers, MemoryReplays
from headworks.stores.memory.counters import MemoryCounters
from headworks.stores.memory.keys import SnapshotKeys

__all__ = ["MemoryAnswers", "MemoryCounters", "MemoryReplays", "SnapshotKeys"]
