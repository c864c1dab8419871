"""Customers as they are met: their references, and where names are kept, whom the control process has not been told of yet."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.customers import LONGEST_NAME, Introduced, NamedCustomer
from headworks.ports.references import References

MOST_KNOWN = 100_000
"""References that are remembered as told. When there are more it begins anew: whoever is told of twice is kept once."""
MOST_WAITING = 10_000
"""Names that wait to be fetched. Further ones are noted when they come again."""
AT_ONCE = 500


class Introductions:
    """Implements `ports.references.References`, and notes names in memory alone as long as they are `wanted`."""

    def __init__(self, references: References, wanted: Callable[[], bool]) -> None:
        self._references = references
        self._wanted = wanted
        self._known: set[str] = set()
        self._waiting: list[NamedCustomer] = []

    def customer(self, organisation: str, name: str) -> str:
        """See the port."""
        reference = self._references.customer(organisation, name)
        if reference not in self._known and self._wanted():
            self._note(reference, organisation, name)
        return reference

    def session(self, organisation: str, name: str) -> str:
        """See the port."""
        return self._references.session(organisation, name)

    def take(self) -> Introduced:
        """Some of those that wait; they are told once."""
        taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        return Introduced(tuple(taken))

    def _note(self, reference: str, organisation: str, name: str) -> None:
        if len(self._waiting) >= MOST_WAITING:
            return
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known.add(reference)
        self._waiting.append(NamedCustomer(id=reference, organisation=organisation, name=name[:LONGEST_NAME]))
