"""Stores that keep everything in plain lists, for looking at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.exchange import Begin, Checkpoint, Exchange
from headworks.domain.limits import Claim, Standing
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.domain.usage import Usage
from headworks.ports.stores import Answer


class MemoryJournal:
    """A `ports.stores.Journal` that keeps its records in order. Set `full` to make every write fail."""

    def __init__(self) -> None:
        self.records: list[Begin | Checkpoint | Exchange] = []
        self.full = False

    def begin(self, mark: Begin) -> None:
        """Keep the mark. Raises `Fault` `journal_unwritable` when full."""
        self._keep(mark)

    def checkpoint(self, mark: Checkpoint) -> None:
        """Keep the mark. Raises `Fault` `journal_unwritable` when full."""
        self._keep(mark)

    def end(self, record: Exchange) -> None:
        """Keep the record. Raises `Fault` `journal_unwritable` when full."""
        self._keep(record)

    @property
    def begun(self) -> list[Begin]:
        """All begin-marks."""
        return [record for record in self.records if isinstance(record, Begin)]

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """All checkpoints."""
        return [record for record in self.records if isinstance(record, Checkpoint)]

    @property
    def ended(self) -> list[Exchange]:
        """All end-records."""
        return [record for record in self.records if isinstance(record, Exchange)]

    @property
    def orphans(self) -> set[str]:
        """Ids that began and have not ended."""
        return {mark.id for mark in self.begun} - {record.id for record in self.ended}

    def _keep(self, record: Begin | Checkpoint | Exchange) -> None:
        if self.full:
            raise Fault("journal_unwritable", "The journal is full.")
        self.records.append(record)


class MemoryKeys:
    """A `ports.stores.Keys` over a dict. `looked_up` lists the keys that were asked for with `find`."""

    def __init__(self, holders: Mapping[bytes, Principal] | None = None, *, warm: bool = True) -> None:
        """With `warm` false `peek` knows nobody, and every holder takes a `find`."""
        self.holders = dict(holders or {})
        self.warm = warm
        self.looked_up: list[bytes] = []

    def peek(self, key: bytes, snapshot: Snapshot) -> Principal | None:  # noqa: ARG002 - the port's signature
        """The holder, if warm."""
        return self.holders.get(key) if self.warm else None

    async def find(self, key: bytes, snapshot: Snapshot, peer: str = "") -> Principal | None:  # noqa: ARG002 - the port's signature
        """The holder, or None."""
        self.looked_up.append(key)
        return self.holders.get(key)

    async def certified(self, certificate: bytes, snapshot: Snapshot) -> Principal | None:  # noqa: ARG002 - the port's signature
        """The holder, or None."""
        return self.holders.get(certificate)


class Settlement(msgspec.Struct, frozen=True):
    """How a hold was settled."""

    usage: Usage
    cost_nanos: int
    counts: bool


class WatchedHold:
    """A `ports.stores.Hold` that remembers every settlement, so that a second one shows."""

    def __init__(self, call_id: str, claims: tuple[Claim, ...]) -> None:
        self.call_id = call_id
        self.claims = claims
        self.standings: tuple[Standing, ...] = ()
        self.settlements: list[Settlement] = []

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Grant them: nothing is counted, so that what was held is held no more."""
        self.claims = claims

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Remember it."""
        self.settlements.append(Settlement(usage, cost_nanos, counts))


class WatchedCounters:
    """A `ports.stores.Counters` that grants everything and keeps the holds. Set `refusal` to refuse with it."""

    def __init__(self, refusal: Fault | None = None) -> None:
        self.holds: list[WatchedHold] = []
        self.refusal = refusal
        self.released: list[str] = []
        self.spent: dict[str, int] = {}

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> WatchedHold:
        """The same, for nothing is waited for."""
        return self.grant(call_id, claims)

    def grant(self, call_id: str, claims: tuple[Claim, ...]) -> WatchedHold:
        """A new hold. Raises `refusal` if there is one."""
        if self.refusal is not None:
            raise self.refusal
        hold = WatchedHold(call_id, claims)
        self.holds.append(hold)
        return hold

    def release(self, call_id: str) -> None:
        """Remember it."""
        self.released.append(call_id)

    def correct(self, call_id: str, actual: Mapping[str, int]) -> None:  # noqa: ARG002 - the port's signature
        """Remember it."""
        self.spent.update(actual)

    def restore(self, spent: Mapping[str, int]) -> None:
        """Remember it."""
        self.spent.update(spent)

    @property
    def open_holds(self) -> list[WatchedHold]:
        """Holds that nobody has settled."""
        return [hold for hold in self.holds if not hold.settlements]


class MemoryAnswers:
    """A `ports.stores.Answers` over a dict that never forgets; `kept_for` tells for how many seconds each was to be kept."""

    def __init__(self) -> None:
        self.answers: dict[bytes, Answer] = {}
        self.kept_for: dict[bytes, float] = {}

    def get(self, key: bytes) -> Answer | None:
        """The answer, if there is one."""
        return self.answers.get(key)

    def put(self, key: bytes, answer: Answer, seconds: float) -> None:
        """Keep it."""
        self.answers[key] = answer
        self.kept_for[key] = seconds
