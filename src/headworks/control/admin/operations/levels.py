"""Rows: what parties and keys have in common, which is bounds and top-ups of budgets."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.control.admin.bounds import BoundsOf
from headworks.control.admin.operation import Operation
from headworks.control.admin.paging import ListQuery
from headworks.control.admin.row import row
from headworks.control.admin.standings import StandingsOf
from headworks.control.admin.top_ups import TopUpsOf
from headworks.domain.administration import Scope
from headworks.domain.administration.wire import top_ups as top_up_wire
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.standings import Standings
from headworks.domain.records import KeyRecord, Party


def of_bounds(plural: str, one: str, read: Scope, bounds: BoundsOf[Party] | BoundsOf[KeyRecord]) -> Iterator[Operation]:
    """What a level says: all of it, and its limits and budgets one by one. `one`: the path of the party or key."""
    yield row(
        f"{plural}.bounds GET {one}/bounds",
        read,
        bounds.read,
        "What it may do and use, as this level says.",
        answers=BoundsBody,
    )
    yield row(
        f"{plural}.bounds.replace PUT {one}/bounds",
        Scope.BOUNDS_WRITE,
        bounds.replace,
        "Replace all that this level says.",
        asks=BoundsBody,
        answers=BoundsBody,
        locks=True,
    )
    for what, needs, asks in (("limits", Scope.BOUNDS_WRITE, LimitBody), ("budgets", Scope.BUDGETS_WRITE, BudgetBody)):
        path, rules = f"{one}/{what}/{{name}}", bounds.rules(what, asks)
        yield row(
            f"{plural}.{what}.put PUT {path}",
            needs,
            rules.put,
            f"Set one of its {what}.",
            asks=asks,
            answers=BoundsBody,
            locks=True,
        )
        yield row(
            f"{plural}.{what}.remove DELETE {path}",
            needs,
            rules.remove,
            f"Take one of its {what} away.",
            answers=BoundsBody,
            locks=True,
        )


def of_top_ups(plural: str, one: str, read: Scope, top_ups: TopUpsOf[Party] | TopUpsOf[KeyRecord]) -> Iterator[Operation]:
    """What is added to its budgets."""
    path = f"{one}/budgets/{{name}}/top-ups"
    yield row(
        f"{plural}.budgets.top_ups GET {path}",
        read,
        top_ups.list,
        "What was added to one of its budgets, oldest first.",
        answers=top_up_wire.TopUpListing,
        query=ListQuery,
    )
    yield row(
        f"{plural}.budgets.top_up POST {path}",
        Scope.BUDGETS_WRITE,
        top_ups.create,
        "Add money to one of its budgets, for the period under way or the next one.",
        asks=top_up_wire.TopUpAsked,
        answers=top_up_wire.TopUpView,
        status=201,
    )


def of_standings(
    plural: str, one: str, read: Scope, standings: StandingsOf[Party] | StandingsOf[KeyRecord]
) -> Iterator[Operation]:
    """How its limits and budgets stand."""
    yield row(
        f"{plural}.standings GET {one}/standings",
        read,
        standings.read,
        "What is used, held and left of its limits and budgets.",
        answers=Standings,
    )
