"""Customers of callers in SQL: seen by the ledger in the transaction of its postings, named where the operator wants names kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import asdict
from sqlalchemy import RowMapping, and_, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.customers import Customer, is_reference
from headworks.domain.ledger import Sums
from headworks.ports.records import Missing, Page, Reach
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reach import within
from headworks.stores.sql.schema import CUSTOMERS, RESPONSES

_NS = 10**9
_TABLE = CUSTOMERS.c


class SqlCustomers:
    """Implements `ports.customers.Customers`."""

    def __init__(self, database: Database, acts: Acts) -> None:
        self._database = database
        self._acts = acts

    async def customers(
        self, page: Page, *, reach: Reach, organisation: str = "", only: Sequence[str] = ()
    ) -> Sequence[Customer]:
        """See the port."""
        wanted = select(CUSTOMERS).where(_TABLE.id > page.after, within(_TABLE.organisation, reach))
        if organisation:
            wanted = wanted.where(_TABLE.organisation == organisation)
        if only:
            wanted = wanted.where(_TABLE.id.in_(only))
        async with self._database.reading() as connection:
            found = await connection.execute(wanted.order_by(_TABLE.id).limit(page.size))
            return [_customer_of(row) for row in found.mappings()]

    async def customer(self, id: str, *, reach: Reach) -> Customer:  # noqa: A002 - the field's name
        """See the port."""
        found = await self.customers(Page(size=1), reach=reach, only=(id,))
        if not found:
            raise Missing(f"There is no customer {id}.")
        return found[0]

    async def keep_names(self, named: Sequence[Customer]) -> None:
        """See the port."""
        async with self._database.writing() as connection:
            await _put(connection, named, ("sealed",))

    async def forget(self, id: str, *, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """See the port."""
        reached = _TABLE.id == id, within(_TABLE.organisation, reach)
        async with self._acts.begin(audit) as act:
            organisation = (await act.connection.execute(select(_TABLE.organisation).where(*reached))).scalar()
            if organisation is None:
                raise Missing(f"There is no customer {id}.")
            erased = update(CUSTOMERS).where(_TABLE.id == id).values(sealed=b"", forgotten_at=act.at)
            await act.connection.execute(erased)
            await act.connection.execute(delete(RESPONSES).where(RESPONSES.c.customer == id))
            act.about(organisation, entity="customer", id=id)


async def note_seen(connection: AsyncConnection, sums: Sums) -> None:
    """Who was served, in the transaction of what is posted. Journals of before references have names instead: these are not listed."""
    seen: dict[str, Customer] = {}
    for account in sums.postings:
        if is_reference(account.customer):
            at = account.bucket * _NS
            known = seen.get(account.customer)
            first, last = (min(known.first_seen, at), max(known.last_seen, at)) if known else (at, at)
            seen[account.customer] = Customer(
                id=account.customer, organisation=account.organisation, first_seen=first, last_seen=last
            )
    if seen:
        await _put(connection, list(seen.values()), ("first_seen", "last_seen"))


async def _put(connection: AsyncConnection, customers: Sequence[Customer], changed: Sequence[str]) -> None:
    """Insert, or change these columns of what is there. In the order of their keys: two who write at once never wait in a ring."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    statement = insert(CUSTOMERS)
    fresh = statement.excluded
    merged = {
        "first_seen": case((fresh.first_seen < _TABLE.first_seen, fresh.first_seen), else_=_TABLE.first_seen),
        "last_seen": case((fresh.last_seen > _TABLE.last_seen, fresh.last_seen), else_=_TABLE.last_seen),
        "sealed": case((and_(_TABLE.sealed == b"", _TABLE.forgotten_at == 0), fresh.sealed), else_=_TABLE.sealed),
    }
    both = statement.on_conflict_do_update(index_elements=["id"], set_={name: merged[name] for name in changed})
    await connection.execute(both, [asdict(each) for each in sorted(customers, key=lambda each: each.id)])


def _customer_of(row: RowMapping) -> Customer:
    return Customer(
        id=row["id"],
        organisation=row["organisation"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        sealed=bytes(row["sealed"]),
        forgotten_at=row["forgotten_at"],
    )
