"""Runs an async test on a fresh uvloop, and fails it for what it leaves behind: tasks, sockets, errors told to the loop."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ParamSpec

import uvloop

P = ParamSpec("P")

SECONDS = 60.0


def looped(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a sync test of an async one."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        before = _open_sockets()
        troubles: list[dict[str, Any]] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _loop, context: troubles.append(context))
            async with asyncio.timeout(SECONDS):
                await test(*args, **kwargs)
                await until(lambda: len(asyncio.all_tasks()) == 1)
                gc.collect(1)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
        assert not troubles, troubles
        if _open_sockets() > before:
            gc.collect()
        assert _open_sockets() <= before, "sockets were left open"

    return run


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Let the loop turn until `condition` holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        if loop.time() > end:
            raise AssertionError(f"it never came to: {condition}")
        await asyncio.sleep(0.001)


async def turns(count: int = 3) -> None:
    """Let the loop turn a few times."""
    for _ in range(count):
        await asyncio.sleep(0)


def _open_sockets() -> int:
    return sum(_is_socket(int(entry.name)) for entry in Path("/dev/fd").iterdir())


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False  # the one that listed the others
