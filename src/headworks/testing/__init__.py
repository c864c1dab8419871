"""Fakes for testing what plugs into Headworks, written by hand and typed, and an emulator of providers over real HTTP.

    FrozenClock, seeded, LoadedChance       time and chance
    ScriptedUpstream, Script                the world outside
    CollectingSink, CollectingReceiver      whoever takes what is pushed
    MemoryJournal, MemoryKeys, …            what is remembered
    sample_call, sample_target, …           values with a default for everything

The emulator stands apart, in `headworks.testing.emulator`.
"""

from __future__ import annotations

from headworks.testing.chance import LoadedChance, seeded
from headworks.testing.clock import FrozenClock
from headworks.testing.samples import FixedPulse, ScriptedGuard, sample_call, sample_snapshot, sample_target
from headworks.testing.stores import MemoryAnswers, MemoryJournal, MemoryKeys, Settlement, WatchedCounters, WatchedHold
from headworks.testing.taking import CollectingReceiver, CollectingSink
from headworks.testing.upstream import Script, ScriptedLine, ScriptedUpstream

__all__ = [
    "CollectingReceiver",
    "CollectingSink",
    "FixedPulse",
    "FrozenClock",
    "LoadedChance",
    "MemoryAnswers",
    "MemoryJournal",
    "MemoryKeys",
    "Script",
    "ScriptedGuard",
    "ScriptedLine",
    "ScriptedUpstream",
    "Settlement",
    "WatchedCounters",
    "WatchedHold",
    "sample_call",
    "sample_snapshot",
    "sample_target",
    "seeded",
]
