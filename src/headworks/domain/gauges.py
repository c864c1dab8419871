"""What a gateway process says about itself at one instant: what the journal cannot tell, because it has not ended yet."""

from __future__ import annotations

import msgspec


class JournalGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The state of a journal's writer. Counts are since the process began."""

    open: int = 0
    """Exchanges begun and not ended."""
    begins: int = 0
    ends: int = 0
    bytes: int = 0
    segments: int = 0
    unwritable: bool = False
    """The last append failed: the disk is full or broken."""
    backlog: int = 0
    """End-records that wait in memory for the disk to take them."""
    refused: int = 0
    """Begin-marks that could not be written, where the configuration says to stop serving."""
    dropped: int = 0
    """Marks and records that were lost."""
    sync_seconds: float = 0.0
    """How long the last sync to disk took."""


class Gauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One gateway process. `health` is 1 for a target in use, 0 for one behind an open circuit or cooling down, 0.5 for one on probation."""

    process: str
    pid: int = 0
    version: str = ""
    revision: str = ""
    ready: bool = False
    draining: bool = False
    config_rejected: bool = False
    """The newest configuration was not accepted; an older one serves on."""
    inflight: int = 0
    """Requests under way."""
    connections: dict[str, int] = {}
    """Open connections by side: `client`, `upstream`."""
    health: dict[str, float] = {}
    journal: JournalGauges = JournalGauges()
