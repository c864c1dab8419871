"""Whether the audit is what it was: record by record from the first, and against a head that was taken away."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.stores.sql.audit.acts import columns_of
from headworks.stores.sql.audit.sealing import GENESIS, Seal, SignedHead
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import AUDIT, AUDIT_HEAD

_AT_ONCE = 2000


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    records: int
    """Read and found sound."""
    broken: int = 0
    """Number of the first record that is not; 0 for none."""
    trouble: str = ""
    head: str = ""
    """Code of the last sound record, hexadecimal."""

    @property
    def sound(self) -> bool:
        """Nothing wrong."""
        return not self.trouble


async def verify(database: Database, seals: Sequence[Seal], taken: SignedHead | None = None) -> Verdict:
    """Follow the chain. `seals`: the audit key, and older ones. `taken`: a head that was exported earlier, to find what was cut off."""
    if taken is not None and (not taken.holds() or taken.key not in {seal.public for seal in seals}):
        return Verdict(records=0, trouble="The head that was given is not signed by this installation's audit key.")
    chain = _Chain({seal.name: seal for seal in seals}, taken)
    async with database.reading() as connection:
        head = await connection.execute(select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.mac))
        number, mac = head.one()
        while rows := await _rows_after(connection, chain.number, number):
            for row in rows:
                trouble = chain.trouble_with(row)
                if trouble:
                    return Verdict(records=chain.number, broken=chain.number + 1, trouble=trouble, head=chain.mac.hex())
    return chain.verdict(number, mac)


async def _rows_after(connection: AsyncConnection, number: int, last: int) -> Sequence[Row[tuple[object, ...]]]:
    """Up to the head that was read: what was added meanwhile is for another time."""
    wanted = AUDIT.c.number > number, AUDIT.c.number <= last
    found = await connection.execute(select(AUDIT).where(*wanted).order_by(AUDIT.c.number).limit(_AT_ONCE))
    return found.all()


class _Chain:
    """How far it was followed."""

    def __init__(self, seals: Mapping[str, Seal], taken: SignedHead | None) -> None:
        self._seals = seals
        self._taken = taken
        self.number = 0
        self.mac = GENESIS

    def trouble_with(self, row: Row[tuple[object, ...]]) -> str:
        """Take the next record; what is wrong with it, or nothing."""
        found = row._mapping  # noqa: SLF001 - SQLAlchemy's documented way to read a row by name
        if found["number"] != self.number + 1:
            return f"Record {self.number + 1} is missing."
        seal = self._seals.get(found["seal"])
        if seal is None:
            return f"It was sealed with the key {found['seal']}, which is not at hand."
        mac = seal.mac(self.mac, found["body"])
        if not hmac.compare_digest(mac, found["mac"]):
            return "Its code does not fit: it, or the record before it, was changed."
        told = columns_of(msgspec.json.decode(found["body"], type=dict[str, str | int]))
        if any(found[name] != value for name, value in told.items()):
            return "Its columns do not say what was sealed."
        self.number, self.mac = self.number + 1, mac
        if self._taken is not None and self._taken.number == self.number and self._taken.mac != mac.hex():
            return "It is not the record that the given head was taken at: the chain was written anew."
        return ""

    def verdict(self, number: int, mac: bytes) -> Verdict:
        """All records were sound: are they all there?"""
        trouble = ""
        if (number, mac) != (self.number, self.mac):
            trouble = f"The head says that there are {number} records: the last ones were removed, or the head was changed."
        elif self._taken is not None and self._taken.number > self.number:
            trouble = f"There were {self._taken.number} records when the given head was taken: the last ones were removed."
        broken = self.number + 1 if trouble else 0
        return Verdict(records=self.number, broken=broken, trouble=trouble, head=self.mac.hex())
