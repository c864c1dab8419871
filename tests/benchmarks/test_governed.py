"""What `governed` promises to measure: a key of the database, a policy, five limits and two budgets on every request."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.contenders.governed import keep_records

from headworks.domain.limits import Limit
from headworks.identity.keys import Digests
from headworks.identity.pepper import peppers_of
from headworks.identity.principals import Compiler
from headworks.stores.sql.address import default_url
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records import SqlLookups
from headworks.testing import FrozenClock


def test_each_key_has_five_limits_and_two_budgets(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    keys = asyncio.run(keep_records(journal, 3))

    async def limits_of(key: str) -> tuple[Limit, ...]:
        database = Database(default_url(journal))
        try:
            digests = Digests(peppers_of(journal, {}, shared=False))
            found = await SqlLookups(database, FrozenClock()).key_by_digest(digests.candidates(key.encode()))
        finally:
            await database.close()
        principal = Compiler().principal_of(found) if found is not None else None
        return principal.limits if principal is not None else ()

    for key in keys:
        limits = asyncio.run(limits_of(key))
        assert [sum(limit.budget is budget for limit in limits) for budget in (False, True)] == [5, 2]
