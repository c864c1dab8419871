"""A budget's threshold is told once, to everybody who is to be told, and to nobody else's machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from headworks.control.alerts import Alerts, Destination
from headworks.domain.alerts import BudgetAlert, passed
from headworks.domain.exchange import Exchange
from headworks.domain.limits import Calendar, Rollover, period_at
from headworks.domain.records import Bounds, BudgetRule
from headworks.exporters.alerts import Hook, HookRule, NotDelivered
from headworks.exporters.alerts.webhook import SIGNATURE, signature_of
from headworks.stores.sql.ledger_alerts import AlertTables
from headworks.stores.sql.records.rows import bounds_text
from headworks.stores.sql.schema import GRANTS, KEYS, PARTIES
from headworks.testing import FrozenClock
from tests.journal.writing import AT, Voice
from tests.ledger.booking import Books, budget_counter, charge, spent, with_books, write
from tests.ledger.listening import Listening, listening

__all__ = ["listening"]
ALERT = BudgetAlert(
    owner="team_1", owner_name="research", budget="monthly", period="month/2026-01-01", threshold=0.8,
    amount=10 * 10**9, spent=8_250_000_000, currency="USD", hard=True, at=AT,
)  # fmt: skip


def test_a_webhook_is_signed_and_says_what_passed(listening: Listening) -> None:
    Hook(HookRule(url=listening.url, secret="s", allow_private=True)).deliver(ALERT, AT)

    ((headers, body),) = listening.heard
    assert dict(headers.items())[SIGNATURE] == signature_of("s", AT // 10**9, body)  # type: ignore[attr-defined]
    told = msgspec.json.decode(body)
    assert told["data"]["spent"] == "8.25"
    assert told["text"] == "research: budget 'monthly' (month/2026-01-01) is at 82 %: 8.25 of 10.00 USD."


def test_slack_gets_a_message_that_cannot_call_people(listening: Listening) -> None:
    alert = msgspec.structs.replace(ALERT, owner_name="<!channel>")

    Hook(HookRule(url=listening.url, slack=True, allow_private=True)).deliver(alert, AT)

    assert msgspec.json.decode(listening.heard[0][1])["text"].startswith("&lt;!channel&gt;: budget")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"])
def test_a_private_address_is_refused_unless_it_is_meant(name: str) -> None:
    with pytest.raises(NotDelivered, match="allow_private"):
        Hook(HookRule(url=f"http://{name}:9/")).deliver(ALERT, AT)


def test_a_redirection_is_no_delivery(listening: Listening) -> None:
    listening.status = 307

    with pytest.raises(NotDelivered, match="answered 307"):
        Hook(HookRule(url=listening.url, allow_private=True)).deliver(ALERT, AT)

    assert len(listening.heard) == 1


def test_a_failure_tells_no_secret() -> None:
    hook = Hook(HookRule(url="http://127.0.0.1:1/services/T000/secret-part", secret="key", allow_private=True))

    with pytest.raises(NotDelivered) as failed:
        hook.deliver(ALERT, AT)

    assert "secret-part" not in f"{failed.value} {hook.name} {hook.rule!r}"


def test_thresholds_are_reached_exactly() -> None:
    assert passed(799_999, 1_000_000, (0.5, 0.8, 1.0)) == [0.5]
    assert passed(800_000, 1_000_000, (1.0, 0.8, 0.5)) == [0.5, 0.8]


MONTH = period_at(Calendar.MONTH, "UTC", AT).name


def of_the_month(number: int, nanos: int, owner: str = "team_1", group: tuple[str, ...] = (), **changes: Any) -> Exchange:
    """Spent of the owner's budget of that name."""
    counter = budget_counter(owner, "monthly", group, MONTH)
    return spent(number, nanos, counters=(charge(nanos, counter, ends_at=AT * 2),), **changes)


class Told:
    """A destination that fails so many times."""

    def __init__(self, failures: int = 0) -> None:
        self.name = "told"
        self.failures = failures
        self.alerts: list[BudgetAlert] = []

    def deliver(self, alert: BudgetAlert, wall_ns: int) -> None:  # noqa: ARG002 - the port's signature
        self.failures -= 1
        if self.failures >= 0:
            raise NotDelivered("told answered 500")
        self.alerts.append(alert)


async def _add_team(books: Books, rule: BudgetRule) -> None:
    bounds = msgspec.json.encode(Bounds(budgets={"monthly": rule})).decode()
    async with books.database.writing() as connection:
        await connection.execute(
            insert(PARTIES).values(id="team_1", kind="team", name="research", parent="org_1", bounds=bounds)
        )


def test_each_threshold_is_told_once_however_many_look(url: str, tmp_path: Path) -> None:
    write(tmp_path, [of_the_month(number, 300) for number in range(3)])
    told = Told()

    async def body(books: Books) -> None:
        await _add_team(books, BudgetRule(amount=1000, calendar=Calendar.MONTH, hard=False))
        await books.book()
        clock = FrozenClock(wall_ns=AT)
        watchers = [Alerts(AlertTables(books.database), (told,), clock, Voice()) for _ in range(3)]
        await asyncio.gather(*(watcher.look() for watcher in watchers))
        await asyncio.gather(*(watcher.deliver() for watcher in watchers))
        write(tmp_path, [of_the_month(9, 100)], AT + 10**9)
        await books.book()
        for watcher in watchers:
            await watcher.look()
            await watcher.deliver()

    with_books(url, tmp_path, body)

    assert [(alert.threshold, alert.spent) for alert in told.alerts] == [(0.5, 900), (0.8, 900), (1.0, 1000)]


def test_only_what_a_budget_counts_is_told_for_each_of_its_groups(url: str, tmp_path: Path) -> None:
    """Whatever it is grouped by, and whichever models it is of: the gateways say what of it an exchange has used."""
    elsewhere = spent(3, 900, counters=(charge(900, budget_counter("team_1", "monthly/", (), MONTH)),))
    write(tmp_path, [of_the_month(1, 400, group=("gold",)), of_the_month(2, 600, group=("",)), elsewhere])
    told = Told()

    async def body(books: Books) -> None:
        rule = BudgetRule(amount=1000, calendar=Calendar.MONTH, group_by=("tag:tier",), thresholds=(0.3,))
        await _add_team(books, rule)
        await books.book()
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice())
        await alerts.look()
        await alerts.deliver()

    with_books(url, tmp_path, body)

    assert sorted((alert.group, alert.spent) for alert in told.alerts) == [("", 600), ("gold", 400)]


def test_parts_are_told_of_a_budget_as_it_is_topped_up(url: str, tmp_path: Path) -> None:
    write(tmp_path, [of_the_month(1, 600)])
    told = Told()

    async def body(books: Books) -> None:
        await _add_team(books, BudgetRule(amount=500, calendar=Calendar.MONTH))
        periods = (MONTH, "month/1999-01-01")
        top_up = {"owner": "team_1", "budget": "monthly", "kind": "top_up", "amount": 500}
        async with books.database.writing() as connection:
            rows = [{**top_up, "id": period, "once": period, "period": period} for period in periods]
            await connection.execute(insert(GRANTS), rows)
        await books.book()
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice())
        await alerts.look()
        await alerts.deliver()

    with_books(url, tmp_path, body)

    assert [(alert.threshold, alert.amount, alert.spent) for alert in told.alerts] == [(0.5, 1000, 600)]


def test_a_budget_of_a_rotated_key_is_told_of_once_for_all_that_its_keys_have_spent(url: str, tmp_path: Path) -> None:
    other: dict[str, Any] = {"principal": "key_2", "lineage": ("org_1", "team_1", "user_1", "key_2")}
    write(tmp_path, [of_the_month(1, 300, "key_1"), of_the_month(2, 300, "key_1", **other)])
    told = Told()

    async def body(books: Books) -> None:
        bounds = bounds_text(Bounds(budgets={"monthly": BudgetRule(amount=1000, calendar=Calendar.MONTH)}))
        async with books.database.writing() as connection:
            await connection.execute(insert(PARTIES), {"id": "team_1", "kind": "team", "name": "research"})
            key = {"owner": "team_1", "name": "app", "bounds": bounds}
            first, second = ({**key, "id": f"key_{n}", "digest": bytes([n]), "origin": "key_1" * (n - 1)} for n in (1, 2))
            await connection.execute(insert(KEYS), [first, second])
        await books.book()
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice())
        assert await alerts.look() == 1
        await alerts.deliver()

    with_books(url, tmp_path, body)

    assert [(alert.owner, alert.threshold, alert.spent) for alert in told.alerts] == [("key_1", 0.5, 600)]


def test_parts_are_told_of_what_a_period_was_given_without_what_was_carried_over(url: str, tmp_path: Path) -> None:
    write(tmp_path, [of_the_month(1, 600)])
    told = Told()

    async def body(books: Books) -> None:
        rollover = Rollover(most=500, since=0)
        await _add_team(books, BudgetRule(amount=500, calendar=Calendar.MONTH, rollover=rollover, thresholds=(1.0, 1.5)))
        await books.book()
        alerts = Alerts(AlertTables(books.database), (told,), FrozenClock(wall_ns=AT), Voice())
        await alerts.look()
        await alerts.deliver()

    with_books(url, tmp_path, body)

    assert [(alert.threshold, alert.amount, alert.spent, alert.carried) for alert in told.alerts] == [(1.0, 500, 600, 500)]


@pytest.mark.parametrize(
    ("spent_nanos", "said"),
    [(9, ""), (10, " What the period before has left over may still be used."), (14, " Further requests are refused.")],
)
def test_requests_are_said_to_be_refused_once_nothing_carried_over_can_be_left(spent_nanos: int, said: str) -> None:
    alert = msgspec.structs.replace(ALERT, amount=10 * 10**9, carried=4 * 10**9, spent=spent_nanos * 10**9)

    assert alert.words.partition(" USD.")[2] == said


def test_what_was_not_delivered_is_tried_again_later_and_later(tmp_path: Path, url: str) -> None:
    write(tmp_path, [of_the_month(1, 600)])
    broken, well = Told(failures=2), Told()
    well.name = "well"
    destinations: tuple[Destination, ...] = (broken, well)

    async def body(books: Books) -> None:
        await _add_team(books, BudgetRule(amount=1000, calendar=Calendar.MONTH))
        await books.book()
        clock, voice = FrozenClock(wall_ns=AT), Voice()
        alerts = Alerts(AlertTables(books.database), destinations, clock, voice)
        await alerts.look()
        delivered: list[int] = []
        for seconds in (0, 5, 6, 10, 10, 100):
            clock.advance(seconds)
            delivered.append(await alerts.deliver())
        assert delivered == [1, 0, 0, 0, 1, 0]
        assert len(broken.alerts) == len(well.alerts) == 1
        assert [said for said in voice.said if "not delivered" in said] == [
            "an alert was not delivered: told answered 500. It is tried again."
        ]

    with_books(url, tmp_path, body)
