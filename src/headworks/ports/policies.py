"""What the journey asks of rules over facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from headworks.domain.facts import Facts
from headworks.domain.policy import PolicyRule, Ruling
from headworks.domain.routing import RoutingRule


class Policies(Protocol):
    """Judges requests by the rules of a snapshot. A request passes unless a rule denies it; where rules that allow apply to its caller,
    one of them has to hold. What cannot be evaluated, and a rule that does not exist, deny.
    """

    def refuse(self, rules: tuple[PolicyRule, ...], facts: Facts) -> None:
        """Raise `Fault` `policy_denied`, naming the rule, or let it pass."""
        ...

    def first(self, rules: tuple[RoutingRule, ...], facts: Facts) -> RoutingRule | None:
        """The first of a model's rules whose condition holds; None where none does. Raises `Fault` `policy_denied`, naming the rule, where
        one before it cannot be evaluated.
        """
        ...

    def rulings(self, rules: tuple[PolicyRule, ...], facts: Facts) -> Sequence[Ruling]:
        """What every rule that applies says, those that deny first."""
        ...
