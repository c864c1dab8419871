"""The control plane's half of the gauges: asks every gateway process of this house how it is doing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from headworks.domain.gauges import Gauges

PATIENCE = 1.0
"""Seconds for a gateway to answer."""


class Census(NamedTuple):
    """Who answered, and how many did not."""

    gateways: Sequence[Gauges]
    silent: int


async def ask_gateways(directory: Path, patience: float = PATIENCE) -> Census:
    """Ask all at once. Sockets that dead processes left behind are taken away."""
    paths = await asyncio.to_thread(lambda: sorted(directory.glob("gateway-*.sock")))
    answers = await asyncio.gather(*(_ask(path, patience) for path in paths))
    silent = 0
    for path, answer in zip(paths, answers, strict=True):
        if answer is None and _is_alive(path):
            silent += 1
        elif answer is None:
            path.unlink(missing_ok=True)
    return Census([answer for answer in answers if answer is not None], silent)


async def _ask(path: Path, patience: float) -> Gauges | None:
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return msgspec.json.decode(await reader.readline(), type=Gauges)
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, msgspec.MsgspecError):
        return None


def _is_alive(path: Path) -> bool:
    pid = path.stem.rpartition("-")[2]
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
