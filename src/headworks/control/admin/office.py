"""What the admin API works with: made once by the control process."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

from headworks.control.admin.attempts import Attempts
from headworks.control.admin.denials import Denials
from headworks.control.admin.entrance import Entrance
from headworks.control.admin.passwords import Passwords
from headworks.control.admin.proxies import Network
from headworks.domain.names import Names
from headworks.identity import PepperedReferences
from headworks.ports.administration import Administration
from headworks.ports.clock import Chance, Clock
from headworks.ports.customers import Customers
from headworks.ports.records import Records, TopUps
from headworks.ports.revisions import Documents, Revisions
from headworks.ports.rollout_records import Rollouts
from headworks.secrets import NameSeals
from headworks.stores.sql.ledger_alerts import AlertTables
from headworks.stores.sql.ledger_standing import LedgerStanding
from headworks.stores.sql.ledger_usage import LedgerUsage


class NewKey(NamedTuple):
    """An API key as it is made: `secret` is what its owner sends, the rest is what is kept."""

    secret: str
    prefix: str
    digest: bytes
    pepper: str

    def __repr__(self) -> str:
        return f"<NewKey {self.prefix}…>"


class Mint(Protocol):
    """Makes API keys."""

    def __call__(self) -> NewKey:
        """A new one."""
        ...


async def nothing_known() -> Names | None:
    """Where no configuration can be read."""
    return None


class Counts(NamedTuple):
    """Who knows what is used of limits and budgets."""

    ledger: LedgerStanding
    budgets: AlertTables
    held: Callable[[], Awaitable[Mapping[str, int]]]
    """Counter → units set aside for requests under way here."""


class Office(NamedTuple):
    """Stores, sources of time and chance, and what must be remembered between requests."""

    records: Records
    people: Administration
    top_ups: TopUps
    revisions: Revisions
    documents: Documents
    mint: Mint
    clock: Clock
    chance: Chance
    """Must be the system's secure one (`random.SystemRandom`)."""
    secret: bytes
    """32 bytes, the same on all replicas and through restarts: signs cursors and CSRF values."""
    references: PepperedReferences
    """What stands for the names of customers in all that is written."""
    customers: Customers
    rollouts: Rollouts
    name_seals: NameSeals
    """Opens the names of customers."""
    denials: Denials
    attempts: Attempts
    passwords: Passwords
    document: bytes = b"{}"
    """The OpenAPI document."""
    hosts: frozenset[str] = frozenset()
    """Names besides `localhost` and plain addresses under which the control plane may be called."""
    proxies: tuple[Network, ...] = ()
    """Where proxies stand that are believed when they say whom they forward, and that it came over TLS."""
    entrance: Entrance = Entrance()
    """The ways to sign in."""
    names: Callable[[], Awaitable[Names | None]] = nothing_known
    """What the configuration that runs has names for; None where that is not known."""
    usage: LedgerUsage | None = None
    """What the ledger can be asked; None where none is kept."""
    counts: Counts | None = None
    """The same."""

    def sealed(self, purpose: str, *parts: str) -> bytes:
        """A keyed hash of these, for one purpose; parts can't run into each other."""
        said = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in (purpose, *parts))
        return hmac.digest(self.secret, said, hashlib.sha256)

    def new_id(self, kind: str) -> str:
        """`kind_` and a UUIDv7 in hex: sorted by time."""
        milliseconds = self.clock.wall_ns() // 1_000_000
        value = milliseconds << 80 | 0x7 << 76 | self.chance.getrandbits(12) << 64 | 0b10 << 62 | self.chance.getrandbits(62)
        return f"{kind}_{value:032x}"
