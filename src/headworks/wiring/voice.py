"""What our processes tell whoever watches them."""

from __future__ import annotations

import sys
from contextlib import suppress


def tell(words: str) -> None:
    """Write a line, or several, to standard error. Its reader may be gone (a closed pipe, a full disk): the service goes on."""
    with suppress(OSError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()


def say(words: str) -> None:
    """One line in the name of the product."""
    tell(f"headworks: {words}")
