"""Who takes many times as long as its peers to say its first word: a replica that throttles, swaps or hangs, and never fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from headworks.balancing.condition import Condition

ENOUGH = 10
"""Streams of each that must have been seen; as many are remembered."""
NOTICEABLE = 0.1
"""Seconds: below that nobody is called slow, however fast the others are."""


class Paces:
    """Peers are targets that are sent the same model by name: the only ones of which it is known that they should be equally fast."""

    def __init__(self) -> None:
        self._peers: defaultdict[str, dict[str, Condition]] = defaultdict(dict)

    def peers(self, model: str) -> Mapping[str, Condition]:
        """The targets of a model by their names."""
        return self._peers[model]

    def join(self, model: str, name: str, condition: Condition) -> None:
        """One more target is known."""
        self._peers[model][name] = condition

    def leave(self, model: str, name: str) -> None:
        """It is forgotten."""
        peers = self._peers[model]
        peers.pop(name, None)
        if not peers:
            del self._peers[model]

    def note(self, condition: Condition, seconds: float) -> None:
        """A stream's first content came after `seconds`."""
        firsts = condition.firsts
        firsts.append(seconds)
        if len(firsts) > ENOUGH:
            del firsts[0]
        if len(firsts) == ENOUGH:
            condition.median = sorted(firsts)[ENOUGH // 2]

    def lags(self, model: str, condition: Condition, slower: float) -> bool:
        """Whether it takes `slower` times as long as most of its peers, and it matters."""
        if len(condition.firsts) < ENOUGH or condition.median < NOTICEABLE:
            return False
        others = sorted(
            other.median for other in self._peers[model].values() if other is not condition and len(other.firsts) == ENOUGH
        )
        return bool(others) and condition.median >= slower * others[len(others) // 2]
