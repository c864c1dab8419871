"""What is wrong with bounds that somebody writes, all of it at once: a rule that can't work is refused, not kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import nanos_of
from headworks.domain.facts import CALLER, REQUEST
from headworks.domain.features import KNOWN
from headworks.domain.kind import Kind
from headworks.domain.limits import Unit
from headworks.domain.limits.checks import SHORTEST
from headworks.domain.records import Party

GROUPS = frozenset((*CALLER, *REQUEST)) - {"lineage", "features", "tags", "providers", "regions"}
"""Facts with one value; and `tag:NAME`."""
_KINDS = frozenset(map(str, Kind))


def mistakes_in(body: BoundsBody, lineage: Sequence[Party]) -> list[Mistake]:
    """`lineage`: the parties above, the organisation first."""
    found = [*_unknown("endpoints", body.endpoints, _KINDS), *_unknown("features", body.features, KNOWN | {"*"})]
    found += _fixed_tags(body, lineage)
    for name, rule in body.limits.items():
        found += [Mistake(detail=detail, pointer=f"/limits/{name}{field}") for field, detail in _of_limit(rule)]
    for name, budget in body.budgets.items():
        found += [Mistake(detail=detail, pointer=f"/budgets/{name}{field}") for field, detail in _of_budget(budget)]
    for name in sorted(body.limits.keys() & body.budgets.keys()):
        found.append(Mistake(detail="A limit has the same name. Give it another one.", pointer=f"/budgets/{name}"))
    return found


def _unknown(field: str, names: Sequence[str] | None, known: frozenset[str]) -> Iterator[Mistake]:
    for place, name in enumerate(names or ()):
        if name not in known:
            yield Mistake(
                detail=f"{name!r} is not known. Use of these: {', '.join(sorted(known))}.", pointer=f"/{field}/{place}"
            )


def _fixed_tags(body: BoundsBody, lineage: Sequence[Party]) -> Iterator[Mistake]:
    for party in lineage:
        for name in sorted(party.bounds.tags.keys() & body.tags.keys()):
            if party.bounds.tags[name] != body.tags[name]:
                yield Mistake(detail=f"{party.name} has fixed this tag already. Leave it out.", pointer=f"/tags/{name}")


def _of_limit(rule: LimitBody) -> Iterator[tuple[str, str]]:
    if (rule.unit is Unit.COST) != isinstance(rule.amount, str):
        yield "/amount", 'Write money as decimal text ("12.50"), everything else as a number.'
    if not (nanos_of(rule.amount) if isinstance(rule.amount, str) else rule.amount):
        yield "/amount", "A limit of nothing would let nothing pass. Leave it out, or allow something."
    if 0 < rule.seconds < SHORTEST:
        yield "/seconds", "Give a second or more."
    if rule.seconds and rule.calendar is not None:
        yield "/calendar", "Use `seconds` or `calendar`, not both."
    if rule.unit is Unit.CONCURRENT and (rule.seconds or rule.calendar is not None):
        yield "/unit", "What is under way at once has no period. Leave `seconds` and `calendar` out."
    timeless = not rule.seconds and rule.calendar is None and rule.unit is not Unit.CONCURRENT
    if timeless and "session" not in rule.group_by:
        yield "/seconds", "Give `seconds` or `calendar`, or make it a limit per session with group_by: [session]."
    yield from _of_zone(rule.zone)
    yield from _of_groups(rule.group_by)


def _of_budget(budget: BudgetBody) -> Iterator[tuple[str, str]]:
    yield from _of_rollover(budget)
    yield from _of_zone(budget.zone)
    yield from _of_groups(budget.group_by)


def _of_rollover(budget: BudgetBody) -> Iterator[tuple[str, str]]:
    if budget.rollover is None:
        return
    if budget.calendar is None:
        yield (
            "/rollover",
            "A budget without a calendar has no periods that leave something over. Leave `rollover` out, or give `calendar`.",
        )
    if not budget.hard:
        yield "/rollover", "A soft budget holds nobody back, whatever was left over. Leave `rollover` out, or make it hard."
    if not nanos_of(budget.rollover.most):
        yield "/rollover/most", "Nothing would be carried on. Leave `rollover` out, or say how much at most."


def _of_zone(zone: str) -> Iterator[tuple[str, str]]:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "/zone", f"{zone!r} is no time zone. Use an IANA name such as Europe/Berlin, or UTC."


def _of_groups(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, name in enumerate(names):
        if name not in GROUPS and not (name.startswith("tag:") and len(name) > len("tag:")):
            yield (
                f"/group_by/{place}",
                f"{name!r} is no fact to group by. Use tag:NAME or of these: {', '.join(sorted(GROUPS))}.",
            )
