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


class SharedGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a process gets on with the server that several count on. Counts are since the process began."""

    reachable: bool = False
    trouble: str = ""
    """What keeps it from the server, in words for an operator."""
    skew: float = 0.0
    """By how many seconds this machine's clock is ahead of the server's."""
    holds: int = 0
    """Calls that hold something on the server."""
    batches: int = 0
    timeouts: int = 0
    """Batches without an answer in time."""
    losses: int = 0
    """How often the server had lost its counters."""
    unchecked: int = 0
    """Calls admitted by this process alone."""
    refused: int = 0
    """Calls refused because nobody could be asked."""
    dropped: int = 0
    """Acts that could not be told: the ledger has them."""


class DirectoryGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a process remembers of callers that stand in the database, and how fresh that is."""

    entries: int = 0
    """Callers remembered."""
    change: int = 0
    """The number of the last change of records that was taken account of."""
    age: float | None = None
    """Seconds since all that is remembered was last known to be true; None where it never was."""


class CredentialGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a credential that changes stands."""

    ends_in: float | None = None
    """Seconds until the present one ends; 0 where there is none, None where it never does."""
    failures: int = 0
    """To obtain it, since the process began to."""


class RolloutGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a rollout goes in this process."""

    rollout: str
    candidate: str
    step: int = 0
    share: float = 0.0
    """What the candidate gets."""
    outcomes: int = 0
    """Of the candidate, since the step began."""
    failures: int = 0
    tripped: bool = False
    """The candidate has failed too often, and gets nothing more here."""
    out: tuple[str, ...] = ()
    """Of several candidates those of which that is true."""


class ShadowGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Shadows in this process."""

    running: int = 0
    waiting: int = 0
    dropped: int = 0
    """Since the process began, because there were too many."""


class ReplicaGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Of one pool."""

    known: int = 0
    """Replicas."""
    lost: bool = False
    """They cannot be looked up at present: those known before stay."""


class EngineGauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an engine said last. None where it does not say."""

    provider: str
    waiting: int | None = None
    """Requests that it has not begun."""
    running: int | None = None
    memory: float | None = None
    """The share of its key-value memory in use."""
    age: float | None = None
    """Seconds since; None where it never said anything."""


class Gauges(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One gateway process. `health` is 1 for a target in use, 0 for one behind an open circuit, cooling down
    or ejected, 0.5 for one on probation.
    """

    process: str
    pid: int = 0
    version: str = ""
    revision: str = ""
    ready: bool = False
    draining: bool = False
    config_revision: int = 0
    """The number of the revision that runs; 0 where that is no revision but a file."""
    config_rejected: bool = False
    """The newest configuration was not accepted; an older one serves on."""
    inflight: int = 0
    """Requests under way."""
    connections: dict[str, int] = {}
    """Open connections by side: `client`, `upstream`."""
    health: dict[str, float] = {}
    panics: tuple[str, ...] = ()
    """Models of which so many targets look bad that the fault is probably the gateway's."""
    journal: JournalGauges = JournalGauges()
    shared: SharedGauges | None = None
    """None where it counts by itself."""
    directory: DirectoryGauges = DirectoryGauges()
    credentials: dict[str, CredentialGauges] = {}
    """By provider."""
    replicas: dict[str, ReplicaGauges] = {}
    """By provider that is a pool."""
    engines: dict[str, EngineGauges] = {}
    """By host and port: those that are asked."""
    shadows: ShadowGauges = ShadowGauges()
    rollouts: dict[str, RolloutGauges] = {}
    """By model."""
    queues: dict[str, dict[str, int]] = {}
    """Requests that wait for their turn, by queue and class."""
