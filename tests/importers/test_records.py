"""LiteLLM's database: who may do what is the same afterwards, or less, and never more."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from headworks.domain.limits import Calendar, Unit
from headworks.domain.records import BudgetRule, KeyRecord, LimitRule, Party
from headworks.importers.litellm.parties import Records
from headworks.importers.notes import Note
from headworks.importers.writing import Written, write
from headworks.testing.clock import FrozenClock
from headworks.testing.records import MemoryRecords
from tests.importers import database
from tests.importers.making import NOW, records_of, unsupported
from tests.sql.postgres import Postgres

DOLLAR = 10**9


@pytest.fixture
def found(tmp_path: Path) -> tuple[Records, list[Note]]:
    return records_of(database.make_sqlite(tmp_path / "litellm.db"))


def key_of(records: Records, key: str) -> KeyRecord:
    digest = hashlib.sha256(key.encode()).digest()
    return next(record for record in records.keys if record.digest == digest)


def party_of(records: Records, name: str) -> Party:
    return next(party for party in records.parties if party.name == name)


def test_a_key_hangs_on_its_team_with_its_own_limits(found: tuple[Records, list[Note]]) -> None:
    key = key_of(found[0], database.RESEARCH_KEY)

    assert (key.imported, key.owner, key.revoked_at) == (True, party_of(found[0], "research").id, 0)
    assert key.expires_at == 2**63 - 1  # 2999, as far as our times go
    assert key.bounds.models is None  # as the team
    assert key.bounds.limits["requests-per-minute"] == LimitRule(unit=Unit.REQUESTS, amount=60, seconds=60.0)
    assert key.bounds.limits["concurrent"] == LimitRule(unit=Unit.CONCURRENT, amount=5)
    assert key.bounds.limits["requests-per-minute-gpt-4o"].models == ("gpt-4o",)
    assert key.bounds.limits["cost-gpt-4o"] == LimitRule(
        unit=Unit.COST, amount=10 * DOLLAR, calendar=Calendar.DAY, models=("gpt-4o",)
    )


def test_a_team_has_its_models_with_access_groups_spelt_out(found: tuple[Records, list[Note]]) -> None:
    bounds = party_of(found[0], "research").bounds

    assert bounds.models == ("gpt-4o", "gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash", "llama-70b", "emulated")
    assert bounds.budgets == {"budget": BudgetRule(amount=300 * DOLLAR, calendar=Calendar.WEEK)}
    assert bounds.tags == {"cost-center": "42", "internal": "yes"}


def test_an_organisation_has_its_budgets_hard_and_soft(found: tuple[Records, list[Note]]) -> None:
    budgets = party_of(found[0], "acme").bounds.budgets

    assert budgets["budget"] == BudgetRule(amount=5000 * DOLLAR, calendar=Calendar.MONTH)
    assert (budgets["soft-budget"].hard, budgets["soft-budget"].amount) == (False, 4000 * DOLLAR)


def test_blocked_keys_are_revoked_and_blocked_teams_disabled(found: tuple[Records, list[Note]]) -> None:
    assert key_of(found[0], database.BLOCKED_KEY).revoked_at == NOW
    assert party_of(found[0], "frozen").disabled


def test_an_expired_key_stays_expired(found: tuple[Records, list[Note]]) -> None:
    assert not key_of(found[0], database.EXPIRED_KEY).valid_at(NOW)


def test_what_was_left_of_a_budget_without_a_period_is_the_budget(found: tuple[Records, list[Note]]) -> None:
    assert party_of(found[0], "Bob").bounds.budgets == {"budget": BudgetRule(amount=7_750_000_000)}


def test_a_limit_of_nothing_allows_nothing(found: tuple[Records, list[Note]]) -> None:
    bounds = key_of(found[0], database.CHEAP_KEY).bounds

    assert bounds.models == ()
    assert bounds.endpoints == ("chat",)
    assert bounds.limits["budget"] == LimitRule(unit=Unit.COST, amount=25_500_000_000, seconds=14 * 86_400.0)


def test_a_key_of_a_team_that_is_gone_opens_nothing(found: tuple[Records, list[Note]]) -> None:
    key = key_of(found[0], database.HOMELESS_KEY)

    assert not key.valid_at(NOW)
    assert key.bounds.models == ()


def test_a_key_that_was_stored_as_it_is_is_nowhere_afterwards(found: tuple[Records, list[Note]]) -> None:
    records, notes = found

    assert key_of(records, database.PLAIN_KEY).imported
    assert database.PLAIN_KEY not in repr(records) + repr(notes)


def test_what_has_no_like_is_told(found: tuple[Records, list[Note]]) -> None:
    told = unsupported(found[1])

    assert {"aliases", "guardrail 'pii' of a key or team", "metadata.floor", "sessions of their console"} <= set(told)
    assert [note.place for note in found[1] if note.what == "1 rows" and "console" in note.told] == ["LiteLLM_ProxyModelTable"]


def test_postgresql_says_the_same(found: tuple[Records, list[Note]], postgres_server: Postgres) -> None:
    """Their real database: arrays, JSON and times are its own types there."""
    url = asyncio.run(database.make_postgres(postgres_server.database()))

    records, notes = records_of(url)

    assert (records, notes) == found


def test_an_import_that_is_repeated_writes_nothing_twice(found: tuple[Records, list[Note]]) -> None:
    records = found[0]

    async def twice() -> tuple[Written, Written]:
        store = MemoryRecords(FrozenClock())
        audit = {"actor": "test", "operation": "import"}
        return await write(store, records.parties, records.keys, audit), await write(
            store, records.parties, records.keys, audit
        )

    first, second = asyncio.run(twice())

    assert first == Written(parties=7, keys=8, known=0)
    assert second == Written(parties=0, keys=0, known=15)


def test_a_digest_that_another_record_has_is_refused_and_told(found: tuple[Records, list[Note]]) -> None:
    """Two rows of one key would make revoking it uncertain."""
    records = found[0]
    stranger = KeyRecord(
        id="key_0", owner=records.parties[0].id, name="x", prefix="x", digest=records.keys[0].digest, imported=True
    )

    async def write_both() -> Written:
        store = MemoryRecords(FrozenClock())
        audit = {"actor": "test", "operation": "import"}
        await write(store, records.parties, (stranger,), audit)
        return await write(store, records.parties, records.keys, audit)

    done = asyncio.run(write_both())

    assert done.keys == 7
    assert len(done.refused) == 1
