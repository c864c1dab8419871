"""References in place of the names that callers give to their customers and sessions: hashes under a key that the pepper makes."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from headworks.domain.customers import CUSTOMER, DIGITS, SESSION
from headworks.identity.pepper import Pepper

_PURPOSES = {CUSTOMER: b"headworks customers", SESSION: b"headworks sessions"}


class PepperedReferences:
    """Implements `ports.references.References`. The first pepper makes them; a second one is being replaced, and made earlier ones."""

    def __init__(self, peppers: Sequence[Pepper]) -> None:
        self._customers = [pepper.digest(_PURPOSES[CUSTOMER]) for pepper in peppers]
        self._session = peppers[0].digest(_PURPOSES[SESSION])

    def customer(self, organisation: str, name: str) -> str:
        """See the port."""
        return CUSTOMER + _digits(self._customers[0], organisation, name)

    def session(self, organisation: str, name: str) -> str:
        """See the port."""
        return SESSION + _digits(self._session, organisation, name)

    def customers(self, organisation: str, name: str) -> tuple[str, ...]:
        """All references that a customer may have in what is written: the one in force, and that under a pepper which is being replaced."""
        return tuple(CUSTOMER + _digits(key, organisation, name) for key in self._customers)


def _digits(key: bytes, organisation: str, name: str) -> str:
    """The organisation's length stands first, so that no other organisation and name run into the same text."""
    said = f"{len(organisation)}:{organisation}{name}".encode()
    return blake2b(said, key=key, digest_size=DIGITS // 2).hexdigest()
