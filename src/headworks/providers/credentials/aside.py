"""A blocking call in a thread of its own: one that hangs keeps no other from running, nor the process from ending."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from headworks.providers.credentials.held import Unobtainable

_Result = TypeVar("_Result")


async def aside(work: Callable[[], _Result]) -> _Result:
    """What `work` returns, or the `Unobtainable` that it raises. Cancelled, it is left to itself."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[_Result] = loop.create_future()

    def tell(result: _Result | None, trouble: BaseException | None) -> None:
        if waiting.done():
            return
        if trouble is not None:
            waiting.set_exception(trouble)
        else:
            waiting.set_result(result)  # pyright: ignore[reportArgumentType] - without trouble there is a result

    def run() -> None:
        result, trouble = None, None
        try:
            result = work()
        except Unobtainable as raised:
            trouble = raised
        try:
            loop.call_soon_threadsafe(tell, result, trouble)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=run, name="credential", daemon=True).start()
    return await waiting
