"""What is wrong with bounds that somebody writes, all of it at once: a rule that can't work is refused, not kept.

What limits and budgets may say is `domain.limits.checks`' to know, whoever writes them; only how they are written is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.features import KNOWN
from headworks.domain.kind import Kind
from headworks.domain.limits import OF_NO_MODEL, SOFT_ANYWAY, Limit, OnLoss, Unit, mistakes_in
from headworks.domain.names import Names
from headworks.domain.patterns import overlap, trouble_of
from headworks.domain.records import Bounds, Party, limit_of, limit_of_budget, narrowed

_KINDS = frozenset(map(str, Kind))


def mistakes_in_bounds(body: BoundsBody, lineage: Sequence[Party], names: Names | None) -> Iterator[Mistake]:
    """`lineage`: the parties above, the organisation first. `names`: what the configuration has; None where that is not known."""
    for place, pattern in enumerate(body.models or ()):
        if trouble := trouble_of(pattern):
            yield Mistake(detail=trouble, pointer=f"/models/{place}")
    yield from _unknown("endpoints", body.endpoints, _KINDS)
    yield from _unknown("features", body.features, KNOWN | {"*"})
    yield from _fixed_tags(body, lineage)
    tags = narrowed([*(party.bounds for party in lineage), Bounds(tags=body.tags)]).tags
    for name, rule in body.limits.items():
        yield from _told(f"/limits/{name}", _of_limit(rule, names, tags))
    for name, budget in body.budgets.items():
        yield from _told(f"/budgets/{name}", _of_budget(budget, names, tags))
    for name in sorted(body.limits.keys() & body.budgets.keys()):
        yield Mistake(detail="A limit has the same name. Give it another one.", pointer=f"/budgets/{name}")


def _told(at: str, found: Iterator[tuple[str, str]]) -> Iterator[Mistake]:
    for field, detail in found:
        yield Mistake(detail=detail, pointer=f"{at}/{field}")


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


def _of_limit(rule: LimitBody, names: Names | None, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if (rule.unit is Unit.COST) != isinstance(rule.amount, str):
        yield "amount", 'Write money as decimal text ("12.50"), everything else as a number.'
        return
    yield from _of(limit_of(rule.rule(), "", "", ""), tags)
    yield from _of_models(rule.models, names)


def _of_models(models: Sequence[str] | None, names: Names | None) -> Iterator[tuple[str, str]]:
    if models == ():
        yield "models", OF_NO_MODEL
    for place, pattern in enumerate(models or ()):
        if names is not None and not any(overlap(pattern, name) for name in names.models):
            yield f"models/{place}", f"There is no model '{pattern}' in the configuration: this would count nothing."


def _of_budget(budget: BudgetBody, names: Names | None, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from _of(limit_of_budget(budget.rule(), "", "", ""), tags)
    yield from _of_models(budget.models, names)
    if budget.on_loss is not OnLoss.CLOSED and not budget.hard:
        yield "on_loss", f"{SOFT_ANYWAY} Leave `on_loss` out, or make it hard."
    if budget.rollover is not None and not budget.hard:
        yield "rollover", "A soft budget holds nobody back, whatever was left over. Leave `rollover` out, or make it hard."


def _of(limit: Limit, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for place, detail in mistakes_in(limit, tags):
        yield "/".join(map(str, place)), detail
