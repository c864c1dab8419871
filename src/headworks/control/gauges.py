"""The control plane's half of the gauges: asks every gateway process of this house how it is doing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from headworks.control.sockets import PATIENCE, ask_all
from headworks.domain.gauges import Gauges


class Census(NamedTuple):
    """Who answered, and how many did not."""

    gateways: Sequence[Gauges]
    silent: int


async def ask_gateways(directory: Path, patience: float = PATIENCE) -> Census:
    """Ask all at once."""
    return Census(*await ask_all(directory, "gateway-*.sock", Gauges, patience))
