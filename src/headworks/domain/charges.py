"""What an exchange takes of the counters that outlive a process: budgets, and calendar periods of an hour and more.

Rates and what is under way at once are not among them: they are over before they could be told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headworks.domain.exchange import Charge
from headworks.domain.limits import Calendar, Claim, Limit, Unit
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.usage import Usage

_GIVEN_BACK = frozenset((Ending.REFUSED, Ending.FAILED))


def counts(outcome: Outcome) -> bool:
    """Whether an exchange that ended so counts as a request of its caller's: it was served, or a guard had to look at it."""
    return outcome.ending not in _GIVEN_BACK or outcome.fault == "guard_blocked"


def set_aside(claims: Iterable[Claim]) -> tuple[Charge, ...]:
    """As it stands when the exchange begins."""
    return tuple(
        Charge(claim.counter, claim.amount, claim.limit.unit, claim.ends_at) for claim in claims if _outlives(claim.limit)
    )


def used(claims: Iterable[Claim], usage: Usage, price_nanos: int, outcome: Outcome) -> tuple[Charge, ...]:
    """As it stands at its end: nothing of those of which nothing was used."""
    requests = int(counts(outcome))
    return tuple(
        Charge(claim.counter, units, limit.unit, claim.ends_at)
        for claim in claims
        if _outlives(limit := claim.limit) and (units := units_of(limit.unit, usage, price_nanos, requests))
    )


def used_up(charges: Sequence[Charge], usage: Usage, price_nanos: int) -> tuple[Charge, ...]:
    """As it stands where the process died: what was set aside becomes what was used."""
    return tuple(Charge(each.counter, units_of(each.unit, usage, price_nanos, 1), each.unit, each.ends_at) for each in charges)


def units_of(unit: str, usage: Usage, price_nanos: int, requests: int) -> int:
    """What one exchange used of a limit in that unit."""
    match unit:
        case Unit.REQUESTS:
            return requests
        case Unit.INPUT_TOKENS:
            return usage.input
        case Unit.OUTPUT_TOKENS:
            return usage.output
        case Unit.TOKENS:
            return usage.input + usage.output
        case Unit.COST:
            return price_nanos
        case _:
            return 0


def _outlives(limit: Limit) -> bool:
    return not limit.seconds and limit.calendar is not Calendar.MINUTE and limit.unit is not Unit.CONCURRENT
