"""Providers of models, emulated over real HTTP: OpenAI's and Anthropic's wire, plausible answers, real trouble, honest counts.

    async with Emulator(Personality(name="alpha", pace=INSTANT)) as emulator:
        client = AsyncOpenAI(base_url=emulator.url + "/v1", api_key="any")
        emulator.arm("error status=529 times=2")
        ...
        assert emulator.counts.begun == 3

`EmulatorProcess` is the same in a process of its own; `headworks emulate` is the same for people.
"""

from __future__ import annotations

from headworks.testing.emulator.counts import Counts, Fate, Sighting
from headworks.testing.emulator.personality import INSTANT, Canned, Pace, Personality, Settings, Wire
from headworks.testing.emulator.process import EmulatorProcess
from headworks.testing.emulator.server import CannotListenError, CertificateUnusableError, Emulator
from headworks.testing.emulator.serving import serve
from headworks.testing.emulator.trouble import Trouble, TroubleKind, parse

__all__ = [
    "INSTANT",
    "Canned",
    "CannotListenError",
    "CertificateUnusableError",
    "Counts",
    "Emulator",
    "EmulatorProcess",
    "Fate",
    "Pace",
    "Personality",
    "Settings",
    "Sighting",
    "Trouble",
    "TroubleKind",
    "Wire",
    "parse",
    "serve",
]
