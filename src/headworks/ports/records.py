"""Where records are kept. SQL behind it; asked off the hot path only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from headworks.domain.records import KeyRecord, Party, PartyKind, TopUp

Reach = tuple[str, ...]
"""Parties at or below which an administrator may act: applied in the query itself, so that nothing outside can be seen or touched. What
lies outside is `Missing`, as if it did not exist. `EVERYWHERE` is the installation's owner."""
EVERYWHERE: Reach = ("*",)


class Change(msgspec.Struct, frozen=True):
    """One entry of the ordered change log: what was changed, not how. Numbers rise by one in the order of commits, without gaps."""

    number: int
    at: int
    entity: str
    """`party`, `key`, `revision`, `grant`, …, or `reset`: too much at once to name; forget everything."""
    id: str


class Head(msgspec.Struct, frozen=True):
    """Where the change log stands. Another `log` than before, or a number that fell: forget everything."""

    log: str
    number: int
    pruned_to: int = 0


class Found(msgspec.Struct, frozen=True):
    """A key with its lineage, as of one instant of the change log: older than a change that came since, it must not be remembered."""

    key: KeyRecord
    lineage: tuple[Party, ...]
    """The organisation first, the key's owner last."""
    as_of: int


class Page(msgspec.Struct, frozen=True):
    """Which part of a list: keyset pagination by id."""

    after: str = ""
    size: int = 100


class Conflict(Exception):
    """The record was changed by somebody else, or its name is taken."""


class Missing(LookupError):
    """There is no such record within reach."""


class Unanswerable(Exception):
    """The database answers, but not this question: nobody else's is concerned."""


class Lookups(Protocol):
    """What the data plane asks. Raises `OSError` where the database does not answer, `Unanswerable` for a question that has none."""

    async def key_by_digest(self, digests: Sequence[bytes]) -> Found | None:
        """The key with one of these digests. Where more than one has, and one of them is no longer valid, that one."""
        ...

    async def lineage(self, party: str) -> tuple[tuple[Party, ...], int]:
        """The party with all above it, the organisation first, and as of which change. Empty if there is no such party."""
        ...

    async def party_by_name(self, kind: PartyKind, name: str, *, under: str) -> Party | None:
        """Below `under` alone; None where none or more than one has the name."""
        ...

    async def changes_after(self, number: int, most: int = 1000) -> Sequence[Change]:
        """What was changed since, in order."""
        ...

    async def head(self) -> Head:
        """Where the log stands."""
        ...


class Records(Lookups, Protocol):
    """What administration asks. Each write is one transaction with its audit record and, as its last statement, its entry in the change
    log. `audit` are the facts of the act for the audit record (actor, operation, request id, …).
    """

    async def add_party(self, party: Party, *, reach: Reach, audit: Mapping[str, str]) -> Party:
        """Since when its budgets roll over is said here, whatever `party` says: see `records.dated`. Raises `Conflict` where the name is
        taken, `Missing` where the parent is not there.
        """
        ...

    async def put_party(self, party: Party, *, reach: Reach, audit: Mapping[str, str]) -> Party:
        """Replace it, but for its place in the tree; `party.version` is the one that was read. Answers the next version. Rollovers
        as for `add_party`. Raises `Conflict`, `Missing`.
        """
        ...

    async def move_party(self, id: str, parent: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> Party:  # noqa: A002 - the field's name
        """With all below it. Both places must be within reach. Raises `Conflict`, `Missing`."""
        ...

    async def remove_party(self, id: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """It and its keys; refused with `Conflict` while other parties stand under it."""
        ...

    async def party(self, id: str, *, reach: Reach) -> Party:  # noqa: A002 - the field's name
        """Raises `Missing`."""
        ...

    async def parties(
        self, page: Page, *, reach: Reach, kind: PartyKind | None = None, under: str = "", name: str = ""
    ) -> Sequence[Party]:
        """By id. `under`: somewhere below this party."""
        ...

    async def add_key(
        self, key: KeyRecord, *, reach: Reach, audit: Mapping[str, str], replaced: KeyRecord | None = None
    ) -> KeyRecord:
        """Rollovers as for `add_party`. `replaced`: put as `put_key` does, both or neither, so that a key is rotated once. Raises
        `Conflict` where the digest is known, `Missing` where the owner is not there.
        """
        ...

    async def put_key(self, key: KeyRecord, *, reach: Reach, audit: Mapping[str, str]) -> KeyRecord:
        """As `put_party`."""
        ...

    async def remove_key(self, id: str, *, version: int, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """Raises `Conflict`, `Missing`."""
        ...

    async def key(self, id: str, *, reach: Reach) -> KeyRecord:  # noqa: A002 - the field's name
        """Raises `Missing`."""
        ...

    async def keys(
        self, page: Page, *, reach: Reach, owner: str = "", under: str = "", prefix: str = ""
    ) -> Sequence[KeyRecord]:
        """By id. `under`: owned by a party somewhere below."""
        ...


class TopUps(Protocol):
    """What administration adds to budgets. An addition is one transaction with its audit record and a new version of the budget's owner,
    so that whoever remembers its principals looks them up anew.
    """

    async def add_top_up(self, top_up: TopUp, *, reach: Reach, audit: Mapping[str, str]) -> TopUp:
        """Raises `Missing` where the owner is not there, `Conflict` where this very one is."""
        ...

    async def top_ups(self, page: Page, *, owner: str, budget: str, reach: Reach) -> Sequence[TopUp]:
        """All that there ever were, by id."""
        ...


class TakenIn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of many records. `refused`: what could not be taken in, and why."""

    parties: int
    keys: int
    known: int
    """Were there already, and were left as they are."""
    refused: tuple[str, ...] = ()

    def __add__(self, more: TakenIn) -> TakenIn:
        """Of both together."""
        return TakenIn(
            parties=self.parties + more.parties,
            keys=self.keys + more.keys,
            known=self.known + more.known,
            refused=self.refused + more.refused,
        )


class Intake(Protocol):
    """What an import asks. The installation's owner alone does this."""

    async def take_in(self, parties: Sequence[Party], keys: Sequence[KeyRecord], *, audit: Mapping[str, str]) -> TakenIn:
        """Some thousands in a transaction, each with its audit record and its change. Parties come after those above them. What is there
        already is left as it is: what broke off is gone on with by taking in the same again. Raises `Conflict` where somebody else wrote
        the same at the same time; what was taken in before stands.
        """
        ...
