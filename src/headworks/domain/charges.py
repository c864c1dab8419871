"""What an exchange takes of the counters that outlive a process: budgets, and calendar periods of an hour and more.

Rates are not among them: they are over before they could be told again. What is under way at once is told at the beginning alone: a
process that takes over from one that lives counts it until it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headworks.domain.exchange import Charge
from headworks.domain.limits import Claim, Unit
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.usage import Usage

_GIVEN_BACK = frozenset((Ending.REFUSED, Ending.FAILED))
_REQUESTS, _INPUT, _OUTPUT, _TOKENS, _COST = Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS, Unit.TOKENS, Unit.COST
# Names of their own: members of an enumeration are looked up in its class each time, and this runs twice in every request.


def counts(outcome: Outcome) -> bool:
    """Whether an exchange that ended so counts as a request of its caller's: it was served, or a guard had to look at it."""
    return outcome.ending not in _GIVEN_BACK or outcome.fault == "guard_blocked"


def set_aside(claims: Iterable[Claim]) -> tuple[Charge, ...]:
    """As it stands when the exchange begins."""
    charges: list[Charge] = []
    for claim in claims:
        limit = claim.limit
        if limit.noted:
            charges.append(Charge(claim.counter, claim.amount, limit.unit, claim.ends_at))
    return tuple(charges)


def used(claims: Iterable[Claim], usage: Usage, price_nanos: int, outcome: Outcome) -> tuple[Charge, ...]:
    """As it stands at its end: nothing of those of which nothing was used."""
    charges: list[Charge] = []
    seen: list[str] = []  # a counter is there twice where a fallback had to claim more of it
    for claim in claims:
        limit = claim.limit
        if not limit.lasting or claim.counter in seen:
            continue
        unit = limit.unit
        units = price_nanos if unit is _COST else units_of(unit, usage, price_nanos, int(counts(outcome)))
        seen.append(claim.counter)
        if units:
            charges.append(Charge(claim.counter, units, unit, claim.ends_at))
    return tuple(charges)


def used_up(charges: Sequence[Charge], usage: Usage, price_nanos: int) -> tuple[Charge, ...]:
    """As it stands where the process died: what was set aside becomes what was used."""
    amounts = {each.counter: (each, units_of(each.unit, usage, price_nanos, 1)) for each in charges}
    return tuple(Charge(each.counter, units, each.unit, each.ends_at) for each, units in amounts.values() if units)


def units_of(unit: str, usage: Usage, price_nanos: int, requests: int) -> int:
    """What one exchange used of a limit in that unit."""
    if unit == _COST:
        return price_nanos
    if unit == _TOKENS:
        return usage.input + usage.output
    if unit == _REQUESTS:
        return requests
    if unit == _INPUT:
        return usage.input
    return usage.output if unit == _OUTPUT else 0
