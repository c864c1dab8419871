"""What every process of one kind on this machine has to tell: asked of all at once, over their Unix sockets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

PATIENCE = 1.0
"""Seconds for a process to answer."""
Told = TypeVar("Told", bound=msgspec.Struct)


async def ask_all(directory: Path, pattern: str, kind: type[Told], patience: float = PATIENCE) -> tuple[Sequence[Told], int]:
    """What was told, and how many did not answer. Sockets that dead processes left behind are taken away."""
    paths = await asyncio.to_thread(lambda: sorted(directory.glob(pattern)))
    answers = await asyncio.gather(*(_ask(path, kind, patience) for path in paths))
    silent = 0
    for path, answer in zip(paths, answers, strict=True):
        if answer is None and _is_alive(path):
            silent += 1
        elif answer is None:
            path.unlink(missing_ok=True)
    return [answer for answer in answers if answer is not None], silent


async def _ask(path: Path, kind: type[Told], patience: float) -> Told | None:
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return msgspec.json.decode(await reader.read(), type=kind)
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
