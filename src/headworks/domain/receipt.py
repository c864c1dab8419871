"""What an exchange cost, summed up from its tally."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.money import Money
from headworks.domain.target import Tried
from headworks.domain.usage import NO_USAGE, Certainty, Usage


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """`cost` is what the providers charge for all attempts, `price` what the caller pays: the served attempt alone.

    `usage` and `certainty` are the served attempt's. Both amounts are rounded once, here.
    """

    usage: Usage = NO_USAGE
    certainty: Certainty = Certainty.REPORTED
    cost: Money = Money()
    price: Money = Money()


NO_RECEIPT = Receipt()


def receipt_of(tried: Sequence[Tried]) -> Receipt:
    """Sum the tally. All targets of one house are priced in one currency."""
    if not tried:
        return NO_RECEIPT
    currency = tried[0].currency
    cost = Money.of_exact(sum(attempt.cost_exact for attempt in tried), currency)
    for attempt in reversed(tried):
        if attempt.served:
            price = cost if len(tried) == 1 else Money.of_exact(attempt.cost_exact, currency)
            return Receipt(usage=attempt.usage, certainty=attempt.certainty, cost=cost, price=price)
    return Receipt(cost=cost, price=Money(0, currency))
