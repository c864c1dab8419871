"""How the demo is told to end: once is enough, and more often changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Self

FROM_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGHUP})
"""Those that every process of a terminal's foreground group gets at once."""


class Farewell:
    """Within its `with`, Ctrl-C, SIGTERM and a closed terminal only set `said`: nothing cuts the tidying-up short.

    asyncio's own handlers would go with its loop, and tidying up comes after it. One that was ignored from the start, as SIGHUP
    is under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self.said = False
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        for number in (*FROM_THE_TERMINAL, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.said = True
