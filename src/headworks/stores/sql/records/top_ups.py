"""What was added to budgets: written by administration, and looked up with the parties and keys whose budgets they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import asdict, replace
from sqlalchemy import RowMapping, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.records import KeyRecord, Party, TopUp
from headworks.ports.records import Conflict, Missing, Page, Reach
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reach import keys_within, within
from headworks.stores.sql.schema import GRANTS, KEYS, PARTIES

KIND = "top_up"
LONGEST = 70 * 86_400 * 10**9
"""Nanoseconds. They are given for the period under way or the next one: the longest two together are over after 62 days."""
_KEY = "key_"
"""How ids of keys begin."""
Given = dict[str, tuple[TopUp, ...]]


class SqlTopUps:
    """Implements `ports.records.TopUps`. What is added to a key's budget stands under the id that it counts under: it is there for
    the keys that come in its place, too.
    """

    def __init__(self, database: Database, acts: Acts) -> None:
        self._database = database
        self._acts = acts

    async def add_top_up(self, top_up: TopUp, *, reach: Reach, audit: Mapping[str, str]) -> TopUp:
        """See the port."""
        is_key = top_up.owner.startswith(_KEY)
        table = KEYS if is_key else PARTIES
        try:
            async with self._acts.begin(audit) as act:
                party, owner = await _whose(act.connection, top_up.owner, reach)
                made = replace(top_up, at=act.at)
                row = asdict(made) | {"owner": owner, "kind": KIND, "once": made.id}
                await act.connection.execute(insert(GRANTS), row)
                newer = {"version": table.c.version + 1, "updated_at": act.at}
                await act.connection.execute(update(table).where(table.c.id == made.owner).values(newer))
                facts = {"id": made.id, "owner": made.owner, "budget": made.budget, "group": made.group, "period": made.period}
                act.about(party, entity="top-up", amount=str(made.amount), currency=made.currency, **facts)
                act.changed("key" if is_key else "party", made.owner)
        except IntegrityError:
            raise Conflict(f"There is a top-up {top_up.id} already.") from None
        return made

    async def top_ups(self, page: Page, *, owner: str, budget: str, reach: Reach) -> Sequence[TopUp]:
        """See the port."""
        async with self._database.reading() as connection:
            try:
                _, counted_as = await _whose(connection, owner, reach)
            except Missing:
                return []
            wanted = select(GRANTS).where(GRANTS.c.owner == counted_as, GRANTS.c.budget == budget, GRANTS.c.kind == KIND)
            found = await connection.execute(wanted.where(GRANTS.c.id > page.after).order_by(GRANTS.c.id).limit(page.size))
            return [top_up_of(row) for row in found.mappings()]


async def _whose(connection: AsyncConnection, id_: str, reach: Reach) -> tuple[str, str]:
    """Of a party or key: the party that reads of it in the audit, and the id that its budgets count under. Raises `Missing`."""
    if id_.startswith(_KEY):
        about = select(KEYS.c.owner, KEYS.c.origin).where(KEYS.c.id == id_, keys_within(reach))
    else:
        about = select(PARTIES.c.id, literal("")).where(PARTIES.c.id == id_, within(PARTIES.c.id, reach))
    found = (await connection.execute(about)).first()
    if found is None:
        raise Missing(f"There is nothing called {id_}.")
    party, origin = found
    return party, origin or id_


async def top_ups_of(connection: AsyncConnection, records: Iterable[KeyRecord | Party], now: int) -> Given:
    """The id that budgets count under → what was added to them and may count yet. Nothing is asked where nobody has a budget."""
    owners = [record.counted_as for record in records if record.bounds.budgets]
    given: Given = {}
    if owners:
        wanted = select(GRANTS).where(GRANTS.c.owner.in_(owners), or_(GRANTS.c.period == "", GRANTS.c.at > now - LONGEST))
        for row in (await connection.execute(wanted.order_by(GRANTS.c.id))).mappings():
            given[row["owner"]] = (*given.get(row["owner"], ()), top_up_of(row))
    return given


def top_up_of(row: RowMapping) -> TopUp:
    """A top-up of its columns."""
    return TopUp(**{name: row[name] for name in TopUp.__struct_fields__})
