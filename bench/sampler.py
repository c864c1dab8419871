"""A statistical profile of this process, without perf or py-spy: a timer that runs on CPU time looks at the stack.

SIGUSR1 begins it, a second SIGUSR1 ends it and writes what was seen to `$HEADWORKS_BENCH_PROFILE`: collapsed stacks, one a line,
innermost last, with how often each was seen (the format of flame graphs).
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

_EVERY = 0.001
"""Seconds of CPU between two looks; most kernels make four milliseconds of it."""


class Sampler:
    """One per process. `install` in the main thread."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._stacks: Counter[str] = Counter()
        self._running = False

    def install(self) -> None:
        """Listen for SIGUSR1."""
        signal.signal(signal.SIGUSR1, self._toggle)
        signal.signal(signal.SIGPROF, self._look)

    def _toggle(self, _number: int, _frame: FrameType | None) -> None:
        self._running = not self._running
        signal.setitimer(signal.ITIMER_PROF, _EVERY if self._running else 0.0, _EVERY)
        if not self._running:
            lines = [f"{stack} {count}" for stack, count in self._stacks.most_common()]
            unfinished = self._out.with_suffix(".part")
            unfinished.write_text("\n".join(lines))
            unfinished.rename(self._out)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        names = list[str]()
        while frame is not None:
            code = frame.f_code
            names.append(f"{_place(code.co_filename)}:{code.co_qualname}")
            frame = frame.f_back
        self._stacks[";".join(reversed(names))] += 1


def _place(filename: str) -> str:
    """A file as its package knows it."""
    for mark in ("/src/", "/site-packages/"):
        _, found, rest = filename.partition(mark)
        if found:
            return rest
    return os.path.basename(filename)  # noqa: PTH119 - on every sample: a Path would cost more than the sample


def sampler_here() -> Sampler:
    """The one that the environment asks for."""
    return Sampler(Path(os.environ["HEADWORKS_BENCH_PROFILE"]))
