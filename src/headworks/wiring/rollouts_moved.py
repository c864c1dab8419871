"""Who moves rollouts on, in the control process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from headworks.control.gauges import ask_gateways
from headworks.control.rollouts import RolloutController
from headworks.domain.gauges import Gauges
from headworks.ports.clock import Clock
from headworks.stores.journal.instance import instance_of
from headworks.stores.sql.audit import Acts, Seal
from headworks.stores.sql.engine import Database
from headworks.stores.sql.leases import SqlLeases
from headworks.stores.sql.rollouts.store import SqlRollouts
from headworks.wiring.voice import say


def rollout_controller(journal: Path, database: Database, seal: Seal, clock: Clock) -> RolloutController:
    """`journal` is its directory."""

    async def ask() -> Sequence[Gauges]:
        return (await ask_gateways(journal)).gateways

    leases = SqlLeases(database, f"{instance_of(journal)}/{os.getpid()}", clock)
    return RolloutController(SqlRollouts(database, Acts(database, clock, seal)), leases, ask, clock, say)
