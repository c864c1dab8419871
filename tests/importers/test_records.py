"""LiteLLM's database: who may do what is the same afterwards, or less, and never more."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from headworks.domain.limits import Calendar, Unit
from headworks.domain.records import BudgetRule, KeyRecord, LimitRule, Party, PartyKind
from headworks.importers.litellm.parties import Records
from headworks.importers.notes import Note
from headworks.ports.records import EVERYWHERE, Page, TakenIn
from headworks.stores.sql.records.intake import PER_ACT, SqlIntake
from headworks.testing.clock import FrozenClock
from tests.importers import database
from tests.importers.making import NOW, records_of, unsupported
from tests.sql.house import AUDIT, house
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
    assert [note.place for note in found[1] if note.what == "1 row" and "console" in note.told] == ["LiteLLM_ProxyModelTable"]


def test_postgresql_says_the_same(found: tuple[Records, list[Note]], postgres_server: Postgres) -> None:
    """Their real database: arrays, JSON and times are its own types there."""
    url = asyncio.run(database.make_postgres(postgres_server.database()))

    records, notes = records_of(url)

    assert (records, notes) == found


def take_in(url: str, *lots: tuple[Sequence[Party], Sequence[KeyRecord]]) -> list[TakenIn]:
    """One import after the other into our own database."""

    async def story() -> list[TakenIn]:
        async with house(url) as opened:
            intake = SqlIntake(opened.acts, opened.clock)
            return [await intake.take_in(parties, keys, audit=AUDIT) for parties, keys in lots]

    return asyncio.run(story())


def test_an_import_that_is_repeated_writes_nothing_twice(found: tuple[Records, list[Note]], tables: str) -> None:
    lot = found[0].parties, found[0].keys

    assert take_in(tables, lot, lot) == [TakenIn(parties=7, keys=8, known=0), TakenIn(parties=0, keys=0, known=15)]


class Broken(Exception):
    """The import is ended from outside."""


class Watch(FrozenClock):
    """Is asked to wait between two transactions: then others write, or the import breaks off."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        await self._meanwhile()


def test_others_write_while_many_are_taken_in_and_what_broke_off_is_gone_on_with(tables: str) -> None:
    acme = Party(id="org_acme", kind=PartyKind.ORGANISATION, name="acme")
    many = [
        KeyRecord(id=f"key_{n}", owner=acme.id, name="k", prefix="k", digest=n.to_bytes(32, "big"), imported=True)
        for n in range(2 * PER_ACT)
    ]

    async def story() -> None:
        async with house(tables) as opened:

            async def break_off() -> None:
                raise Broken

            async def write() -> None:
                other = Party(id=f"org_{opened.clock.now()}", kind=PartyKind.ORGANISATION, name=f"n{opened.clock.now()}")
                opened.clock.advance(1.0)
                await opened.records.add_party(other, reach=EVERYWHERE, audit=AUDIT)

            with pytest.raises(Broken):
                await SqlIntake(opened.acts, Watch(break_off)).take_in([acme], many, audit=AUDIT)
            done = await SqlIntake(opened.acts, Watch(write)).take_in([acme], many, audit=AUDIT)
            assert done == TakenIn(parties=0, keys=PER_ACT + 1, known=PER_ACT)
            assert len(await opened.records.parties(Page(), reach=EVERYWHERE)) == 3, "acme, and one in each pause"

    asyncio.run(story())


def test_what_was_taken_in_is_found_with_its_lineage(found: tuple[Records, list[Note]], tables: str) -> None:
    records = found[0]
    take_in(tables, (records.parties, records.keys))

    async def look() -> tuple[list[str], bool, list[str]]:
        async with house(tables) as opened:
            key = await opened.records.key_by_digest([hashlib.sha256(database.RESEARCH_KEY.encode()).digest()])
            assert key is not None
            below = await opened.records.keys(Page(), reach=(party_of(records, "acme").id,))
            changes = await opened.records.changes_after(0)
            return [party.name for party in key.lineage], len(below) == 3, [change.entity for change in changes]

    assert asyncio.run(look()) == (["acme", "research"], True, ["reset"])


def test_a_digest_that_another_record_has_is_refused_and_told(found: tuple[Records, list[Note]], tables: str) -> None:
    """Two rows of one key would make revoking it uncertain."""
    records = found[0]
    stranger = KeyRecord(
        id="key_0", owner=records.parties[0].id, name="x", prefix="x", digest=records.keys[0].digest, imported=True
    )

    done = take_in(tables, (records.parties, (stranger,)), (records.parties, records.keys))[1]

    assert (done.keys, done.known) == (7, 7)
    assert [words for words in done.refused if "already known as key_0" in words] == list(done.refused)


def test_what_stands_under_what_is_refused_is_refused_too(found: tuple[Records, list[Note]], tables: str) -> None:
    """An organisation of that name is somebody's already: nothing gets into it."""
    records = found[0]
    theirs = Party(id="org_theirs", kind=PartyKind.ORGANISATION, name="acme")

    done = take_in(tables, ((theirs,), ()), (records.parties, records.keys))[1]

    assert (done.parties, done.keys) == (4, 5)
    assert len(done.refused) == 3 + 3
