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
from headworks.domain.revision import Applied
from headworks.stores.sql.ledger_alerts import AlertTables
from headworks.testing import FrozenClock
from headworks.testing.emulator import EmulatorProcess, Personality
from headworks.wiring.written import ActiveDocument, FileDocument
from headworks.wiring.written_budgets import WrittenBudgets
from tests.journal.writing import AT, Voice
from tests.ledger.booking import Books, spent, with_books, write
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
    ours = {"principal": "shop", "lineage": (), "counters": ()}
    write(tmp_path / "j", [spent(1, 300, **ours, customer="ann"), spent(2, 310, **ours, customer="bob")])
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
    ours = {"principal": "shop", "lineage": (), "counters": ()}
    write(tmp_path / "j", [spent(1, 390, **ours, customer="ann"), spent(2, 410, **ours, customer="bob")])
    told = Told()

    async def body(books: Books) -> None:
        await books.book()
        written = WrittenBudgets(FileDocument(file)).now
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice(), written)
        await alerts.look()
        await alerts.deliver()

    with_books(url, tmp_path / "j", body)

    assert [(alert.group, alert.spent) for alert in told.alerts if alert.budget == "each"] == [("bob", 410)]


def test_a_changed_document_counts_and_a_broken_one_changes_nothing(file: Path) -> None:
    written = WrittenBudgets(FileDocument(file))

    def now() -> Mapping[str, list[str]]:
        return {key: [each.name for each in budgets] for key, budgets in asyncio.run(written.now()).items()}

    first = now()
    assert first == {"shop": ["budget", "monthly", "of-a-run", "each"], "idle": ["budget"]}
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
        assert await written.now() == {}
        revisions.applied = Applied(number=1, digest="d", document=DOCUMENT)
        assert set(await written.now()) == {"shop", "idle"}

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
