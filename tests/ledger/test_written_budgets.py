"""Budgets of keys that stand in the configuration alert as those of the database do."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from headworks.control.alerts import Alerts
from headworks.domain.alerts import BudgetAlert
from headworks.domain.exchange import Exchange
from headworks.domain.limits import Calendar, period_at
from headworks.domain.revision import Applied
from headworks.stores.sql.ledger_alerts import AlertTables, DocumentBudgets
from headworks.testing import FrozenClock
from headworks.testing.emulator import EmulatorProcess, Personality
from headworks.wiring.written import ActiveDocument, FileDocument
from headworks.wiring.written_budgets import WrittenBudgets
from tests.journal.writing import AT, Voice
from tests.ledger.booking import Books, budget_counter, charge, spent, with_books, write
from tests.ledger.listening import Listening, listening
from tests.system.house import KEY, RunningHouse

__all__ = ["listening"]

DOCUMENT = """\
providers: {openai: {api_key: x}}
models: {smart: openai/gpt-4o}
keys:
  shop:
    key: hw-1
    limits:
      budget: 0.000002 USD
      budgets:
        monthly: {amount: 0.000001 USD, calendar: month, hard: false, thresholds: [0.25, 0.5]}
        of-a-model: {amount: 0.000001 USD, calendar: month, models: [smart]}
        of-a-run: {amount: 0.000001 USD, group_by: [session]}
        each: {amount: 0.000001 USD, calendar: month, thresholds: [0.4], group_by: [customer]}
  idle: {key: hw-2, limits: {budget: 0.000001 USD}}
"""


MONTH = period_at(Calendar.MONTH, "UTC", AT).name


def of_the_shop(number: int, nanos: int, budget: str, period: str = "", group: tuple[str, ...] = ()) -> Exchange:
    """Spent of a budget of that key."""
    counter = budget_counter("config:key/shop", budget, group, period)
    return spent(number, nanos, principal="shop", lineage=(), counters=(charge(nanos, counter, ends_at=AT * 2),))


class Told:
    """A destination."""

    name = "told"

    def __init__(self) -> None:
        self.alerts: list[BudgetAlert] = []

    def deliver(self, alert: BudgetAlert, wall_ns: int) -> None:  # noqa: ARG002 - the port's signature
        self.alerts.append(alert)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "headworks.yaml"
    path.write_text(DOCUMENT)
    return path


def test_thresholds_are_told_once_of_keys_that_have_spent(url: str, tmp_path: Path, file: Path) -> None:
    write(tmp_path / "j", [of_the_shop(1, 300, "monthly", MONTH), of_the_shop(2, 310, "monthly", MONTH)])
    told = Told()

    async def body(books: Books) -> None:
        await books.book()
        clock = FrozenClock(wall_ns=AT)
        for _ in range(2):  # a second life of the process, which knows nothing of the first
            written = WrittenBudgets(FileDocument(file)).now
            watchers = [Alerts(AlertTables(books.database), (told,), clock, Voice(), written) for _ in range(2)]
            for watcher in watchers:
                await watcher.look()
                await watcher.deliver()

    with_books(url, tmp_path / "j", body)

    assert [(alert.owner, alert.budget, alert.threshold, alert.spent, alert.hard) for alert in told.alerts] == [
        ("config:key/shop", "monthly", 0.25, 610, False),
        ("config:key/shop", "monthly", 0.5, 610, False),
    ]
    assert told.alerts[0].words.startswith("shop: budget 'monthly' (month/")


def test_groups_are_told_apart(url: str, tmp_path: Path, file: Path) -> None:
    ann, bob = of_the_shop(1, 390, "each", MONTH, ("ann",)), of_the_shop(2, 410, "each", MONTH, ("bob",))
    write(tmp_path / "j", [ann, bob])
    told = Told()

    async def body(books: Books) -> None:
        await books.book()
        written = WrittenBudgets(FileDocument(file)).now
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice(), written)
        await alerts.look()
        await alerts.deliver()

    with_books(url, tmp_path / "j", body)

    assert [(alert.group, alert.spent) for alert in told.alerts if alert.budget == "each"] == [("bob", 410)]


def test_what_all_callers_spend_is_told_of(url: str, tmp_path: Path, file: Path) -> None:
    file.write_text(f"{DOCUMENT}budgets: {{all: {{amount: 0.000001 USD, calendar: month, hard: false, thresholds: [0.5]}}}}\n")
    counter = budget_counter("config:all", "all", (), MONTH)
    write(tmp_path / "j", [spent(number, 300, counters=(charge(300, counter, ends_at=AT * 2),)) for number in range(2)])
    told = Told()

    async def body(books: Books) -> None:
        await books.book()
        written = WrittenBudgets(FileDocument(file)).now
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice(), written)
        await alerts.look()
        await alerts.deliver()

    with_books(url, tmp_path / "j", body)

    assert [(alert.owner, alert.budget, alert.spent) for alert in told.alerts] == [("config:all", "all", 600)]


def test_a_changed_document_counts_and_a_broken_one_changes_nothing(file: Path) -> None:
    written = WrittenBudgets(FileDocument(file))

    def now() -> Mapping[str, list[str]]:
        found = asyncio.run(written.now())
        return {key: [each.name for each in budgets] for key, budgets in found.of_keys.items()}

    first = now()
    assert first == {"shop": ["budget", "monthly", "of-a-model", "of-a-run", "each"], "idle": ["budget"]}
    file.write_text(DOCUMENT.replace("keys:", "kyes:"))
    assert now() == first
    file.unlink()
    assert now() == first
    file.write_text(DOCUMENT.replace("idle:", "busy:"))
    assert set(now()) == {"shop", "busy"}
    file.write_text("keys: {me: {key: hw-1}}\n")
    assert now() == {}


class Revisions:
    """What is active."""

    def __init__(self) -> None:
        self.applied: Applied | None = None

    async def latest(self) -> tuple[int, str]:
        return (self.applied.number, self.applied.digest) if self.applied is not None else (0, "")

    async def active(self) -> Applied | None:
        return self.applied


def test_where_gateways_follow_the_database_its_active_revision_counts() -> None:
    async def story() -> None:
        revisions = Revisions()
        written = WrittenBudgets(ActiveDocument(revisions))
        assert await written.now() == DocumentBudgets()
        revisions.applied = Applied(number=1, digest="d", document=DOCUMENT)
        assert set((await written.now()).of_keys) == {"shop", "idle"}

    asyncio.run(story())


@pytest.mark.long
def test_a_running_house_tells_of_a_key_of_its_configuration(tmp_path: Path, listening: Listening) -> None:
    """From a request, over the journal and the ledger, to a webhook that somebody listens to."""
    with EmulatorProcess(Personality(name="up")) as emulator:
        config = {
            "providers": {"up": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.urls['up']}/v1"}},
            "models": {"m": "up/gpt-4o"},
            "prices": {"up/*": {"input": 1000, "output": 1000}},
            "keys": {"tester": {"key": KEY, "limits": {"budgets": {"soft": {"amount": "0.000001 USD", "hard": False}}}}},
            "alerts": {"webhooks": {"ops": {"url": listening.url, "secret": "s", "allow_private": True}}},
        }
        with RunningHouse(tmp_path, config) as house:
            headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
            body = b'{"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello?"}]}'
            request = urllib.request.Request(f"{house.url}/v1/chat/completions", body, headers)  # noqa: S310 - our own
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - likewise
                assert answer.status == 200
            house.wait_for(lambda: len(listening.heard) >= 3, "the alerts", 60)
    told = [msgspec.json.decode(body)["data"] for _, body in listening.heard]
    assert sorted((each["owner"], each["threshold"]) for each in told) == [
        ("config:key/tester", 0.5),
        ("config:key/tester", 0.8),
        ("config:key/tester", 1.0),
    ]
