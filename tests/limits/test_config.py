"""Limits as an operator writes them: the short form, rules and budgets, and what refuses to load."""

from __future__ import annotations

from datetime import datetime

import pytest

from headworks.domain.limits import Calendar, Limit, OnLoss, Rollover, Shape, Unit
from tests.config.compiling import compiled, refusal

MODELS = "models: {smart: openai/gpt-4o, opus: openai/gpt-4o}\n"


def limits_of(text: str) -> tuple[Limit, ...]:
    (holder,) = compiled(MODELS + f"keys: {{k: {{key: hw-a, limits: {text}}}}}\n").snapshot.principals.values()
    return holder.limits


def refused(text: str) -> str:
    problem = refusal(MODELS + f"keys: {{k: {{key: hw-a, limits: {text}}}}}\n")
    assert problem is not None
    return str(problem)


def test_rules_and_budgets_stand_beside_the_short_form() -> None:
    short, daily, monthly = limits_of(
        "{requests_per_minute: 6, rules: {daily: {unit: tokens, amount: 100000, calendar: day, zone: Europe/Berlin,"
        " group_by: [customer], models: [op*]}}, budgets: {monthly: {amount: 10 USD, calendar: month}}}"
    )
    assert (short.id, short.owner, short.shape) == ("key/k/requests-per-minute", "config:key/k", Shape.RATE)
    assert (daily.unit, daily.amount, daily.calendar, daily.zone) == (Unit.TOKENS, 100_000, Calendar.DAY, "Europe/Berlin")
    assert (daily.group_by, daily.models) == (("customer",), ("op*",))
    assert (monthly.unit, monthly.amount, monthly.budget) == (Unit.COST, 10_000_000_000, True)


def test_money_and_long_stretches_slide() -> None:
    money, long = limits_of(
        "{rules: {money: {unit: cost, amount: 1 USD, seconds: 60}, long: {unit: tokens, amount: 5, seconds: 7200}}}"
    )
    assert (money.shape, long.shape) == (Shape.SLIDING, Shape.SLIDING)
    assert not money.budget


def test_all_callers_together_have_limits_too() -> None:
    text = MODELS + "limits: {opus: {unit: tokens, amount: 1000, seconds: 60, models: [opus]}}\n"
    (limit,) = compiled(text).snapshot.limits
    assert (limit.id, limit.owner, limit.models) == ("all/opus", "config:all", ("opus",))

    for written, said in (
        ("{amount: 5, seconds: 60, models: [opsu]}", "Did you mean 'opus'"),
        ("{amount: 5}", "Over which time"),
    ):
        problem = refusal(MODELS + f"limits: {{x: {written}}}\n")
        assert problem is not None
        assert said in str(problem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{rules: {x: {amount: 0, seconds: 1}}}", "would allow nothing"),
        ("{rules: {x: {amount: 5, seconds: 1, calendar: day}}}", "both seconds and a calendar"),
        ("{rules: {x: {amount: 5}}}", "Over which time"),
        ("{rules: {x: {unit: concurrent, amount: 5, calendar: day}}}", "has no period"),
        ("{rules: {x: {amount: 5, calendar: day, zone: Mars/Olympus}}}", "no time zone 'Mars/Olympus'"),
        ("{rules: {x: {amount: 5, calendar: day, models: [gpt-9]}}}", "There is no model 'gpt-9'"),
        ("{rules: {x: {amount: 5, calendar: day, models: []}}}", "matches nothing"),
        ("{rules: {x: {amount: 5, calendar: day, models: ['**']}}}", "more than one star"),
        ("{budgets: {x: {amount: 5 USD, models: []}}}", "matches nothing"),
        ("{rules: {x: {amount: 5, calendar: day, group_by: [colour]}}}", "Nothing can be grouped by 'colour'"),
        ("{rules: {x: {amount: 5, calendar: day, group_by: [customer, customer]}}}", "named twice"),
        ("{rules: {x: {unit: tokens, amount: 1.5, calendar: day}}}", "not a whole number of tokens"),
        ("{rules: {x: {amount: 5, seconds: 99999999}}}", "between a second and 366 days"),
        ("{rules: {concurrent: {amount: 5, seconds: 1}}}", "what the short form is called"),
        ("{budgets: {x: {amount: 10 EUR}}}", "only USD is supported"),
        ("{concurrent: 0}", "would allow nothing"),
        ("{budgets: {x: {amount: 5 USD, hard: false, on_loss: open}}}", "holds nobody back"),
        ("{rules: {x: {amount: 5, seconds: 1, where: {colour: red}}}}", "cannot be narrowed by 'colour'"),
        (
            "{budgets: {x: {amount: 5 USD, unless: {'tag:site': bonn}}}}, tags: {site: bonn}",
            "All requests here have the tag:site",
        ),
        ("{budgets: {x: {amount: 10 USD, thresholds: [80]}}}", "above 0 and up to 10"),
        ("{budgets: {x: {amount: 0 USD, hard: false}}}", "would allow nothing"),
        ("{budgets: {x: {amount: 1 USD, calendar: day, rollover: {most: 1 USD}}}}", "Since when?"),
        ("{budgets: {x: {amount: 1 USD, calendar: day, rollover: {most: 1 USD, since: soon}}}}", "'soon' is no day"),
        ("{budgets: {x: {amount: 1 USD, calendar: day, rollover: {since: 2026-11-01}}}}", "would carry nothing on"),
        ("{budgets: {x: {amount: 1 USD, calendar: day, rollover: {most: 1 EUR, since: 2026-11-01}}}}", "only USD is supported"),
        ("{budgets: {x: {amount: 1 USD, rollover: {most: 1 USD, since: 2026-11-01}}}}", "Only a budget with a calendar"),
        (
            "{budgets: {x: {amount: 1 USD, calendar: day, hard: false, rollover: {most: 1 USD, since: 2026-11-01}}}}",
            "holds nobody back",
        ),
    ],
)
def test_a_limit_that_can_match_nothing_or_means_nothing_refuses_to_load(text: str, said: str) -> None:
    assert said in refused(text)


def test_a_soft_budget_holds_nobody_back() -> None:
    text = MODELS + "keys: {k: {key: hw-a, limits: {budgets: {soft: {amount: 10 USD, hard: false}}}}}\n"
    (holder,) = compiled(text).snapshot.principals.values()
    assert holder.limits == ()
    assert [(budget.rule, budget.amount, budget.soft) for budget in holder.soft_budgets] == [("soft", 10**10, True)]


def test_all_callers_together_have_budgets_too() -> None:
    text = MODELS + "budgets: {all: {amount: 10 USD, calendar: month}, opus: {amount: 1 USD, models: [opus], hard: false}}\n"
    snapshot = compiled(text).snapshot
    (hard,), (soft,) = snapshot.limits, snapshot.soft_budgets
    assert (hard.id, hard.owner, hard.budget, hard.amount) == ("all/all", "config:all", True, 10**10)
    assert (soft.id, soft.models, soft.soft) == ("all/opus", ("opus",), True)

    problem = refusal(MODELS + "budgets: {x: {amount: 10 USD, models: [opsu]}}\n")
    assert problem is not None
    assert "Did you mean 'opus'" in str(problem)


def test_a_budget_says_what_holds_while_counters_cannot_be_asked() -> None:
    (closed, opened) = limits_of("{budgets: {a: {amount: 5 USD}, b: {amount: 5 USD, on_loss: open}}}")
    assert (closed.on_loss, opened.on_loss) == (OnLoss.CLOSED, OnLoss.OPEN)


def test_values_are_named_one_or_several() -> None:
    (rule, budget) = limits_of(
        "{rules: {x: {amount: 5, seconds: 1, where: {customer: acme}}},"
        " budgets: {y: {amount: 5 USD, unless: {customer: [acme, ''], 'tag:tier': gold}}}}"
    )
    assert rule.where == {"customer": ("acme",)}
    assert budget.unless == {"customer": ("acme", ""), "tag:tier": ("gold",)}


def test_a_session_needs_no_period() -> None:
    (limit,) = limits_of("{rules: {run: {unit: tokens, amount: 5, group_by: [session]}}}")
    assert limit.shape is Shape.COUNT


def test_counters_of_limits_and_budgets_of_one_name_are_two() -> None:
    limit, budget = limits_of(
        "{rules: {m: {unit: cost, amount: 1 USD, calendar: day}}, budgets: {m: {amount: 1 USD, calendar: day}}}"
    )
    assert limit.stem != budget.stem


@pytest.mark.parametrize(
    ("since", "at"),
    [
        ("2026-11-01", "2026-11-01T00:00:00+01:00"),
        ("2026-11-01T12:30", "2026-11-01T12:30:00+01:00"),
        ("2026-11-01T12:30:00Z", "2026-11-01T12:30:00+00:00"),
    ],
)
def test_a_rollover_begins_where_it_is_written(since: str, at: str) -> None:
    """In the budget's own time zone."""
    (budget,) = limits_of(
        f"{{budgets: {{m: {{amount: 9 USD, calendar: month, zone: Europe/Berlin, rollover: {{most: 4 USD, since: {since}}}}}}}}}"
    )
    assert budget.rollover == Rollover(most=4 * 10**9, since=int(datetime.fromisoformat(at).timestamp()) * 10**9)
