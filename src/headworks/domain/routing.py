"""Rules over the facts of a request that say which of a model's targets it goes to."""

from __future__ import annotations

import msgspec

from headworks.domain.envelope import Priority
from headworks.domain.patterns import name_matches
from headworks.domain.target import Target


class RoutingRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `when` is an expression of CEL over the facts of `facts.py`; empty, it always holds."""

    name: str
    """For people. Where the operator gives none: the model's, and its number in the document."""
    when: str = ""
    to: tuple[str, ...] = ()
    """Names of targets (a star stands for anything) or tags; empty: all of the model's."""
    strategy: str = ""
    """How one of them is chosen; empty: as the model says."""
    deny: str = ""
    """Why such requests are refused; empty: they are not."""
    priority: Priority | None = None
    """The highest class that such requests have; None: as key and model say."""
    zone: str = "UTC"
    """IANA time zone of its facts of time."""

    def leads_to(self, target: Target) -> bool:
        """Whether it names this target."""
        return not self.to or any(word in target.tags or name_matches(word, target.written) for word in self.to)
