"""What our processes tell whoever watches them."""

from __future__ import annotations

import sys
import time
from contextlib import suppress


def tell(words: str) -> None:
    """Write a line, or several, to standard error. Its reader may be gone (a closed pipe, a full disk): the service goes on."""
    with suppress(OSError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()


def say(words: str) -> None:
    """One line in the name of the product, with the time of day: the processes of one installation write to one place."""
    now = time.time_ns()
    stamp = time.strftime("%H:%M:%S", time.localtime(now // 10**9))
    tell(f"{stamp}.{now // 10**6 % 1000:03d} headworks: {words}")
