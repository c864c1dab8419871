"""The real time and the real chance: the only place that reads either."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """`ports.clock.Clock` of this machine."""

    now = staticmethod(time.monotonic)
    wall_ns = staticmethod(time.time_ns)
    sleep = staticmethod(asyncio.sleep)
