"""What calls of dead gateways really used: the journal knows, and the shared counters charge what they had set aside until they are told.

Each gateway answers for those that shared its journal's directory. A call that is not in the journal of a closed epoch was granted and
never begun: it used nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from headworks.domain.exchange import Exchange
from headworks.ports.clock import Clock
from headworks.stores.journal.history import ends_of
from headworks.stores.journal.recovery import is_closed
from headworks.stores.journal.segment import find_epochs
from headworks.stores.valkey import Disputed, ValkeyCounters

EVERY = 5.0
MARGIN_NANOS = 60_000_000_000
"""How far the server's clock and ours may be apart."""


class Disputes:
    """`run` until cancelled."""

    def __init__(self, directory: Path, instance: str, counters: ValkeyCounters, clock: Clock) -> None:
        self._directory = directory
        self._instance = instance
        self._counters = counters
        self._clock = clock

    async def run(self) -> None:
        """Look every few seconds."""
        while True:
            await self.settle()
            await self._clock.sleep(EVERY)

    async def settle(self) -> None:
        """Tell what is known of all that are open to dispute now."""
        by_stem: dict[str, list[Disputed]] = {}
        for each in await self._counters.disputed(f"{self._instance}/"):
            by_stem.setdefault(each.epoch.split("/")[1], []).append(each)
        for stem, disputed in by_stem.items():
            used = await asyncio.to_thread(used_by, self._directory, stem, disputed)
            for call_id, actual in used.items():
                self._counters.correct(call_id, actual)


def used_by(directory: Path, stem: str, disputed: list[Disputed]) -> dict[str, Mapping[str, int]]:
    """Call → counter → units, as the journal of a dead process tells; nothing of an epoch that nobody has recovered yet."""
    segments = next((found for epoch, found in find_epochs(directory).items() if epoch.stem == stem), None)
    if not segments or not is_closed(segments):
        return {}
    used: dict[str, Mapping[str, int]] = {each.call_id: {} for each in disputed}
    missing = set(used)
    for exchange in ends_of(directory, stem, min(each.taken_at for each in disputed) * 1000 - MARGIN_NANOS):
        if exchange.id in missing:
            used[exchange.id] = _charged(exchange)
            missing.discard(exchange.id)
            if not missing:
                break
    return used


def _charged(exchange: Exchange) -> dict[str, int]:
    """Never empty: that would say that it never began."""
    return {charge.counter: charge.units for charge in exchange.counters} or {"": 0}
