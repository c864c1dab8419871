"""Memory of a process that has started: what is left over goes back to the system, and what stays is not looked at again."""

from __future__ import annotations

import ctypes
import gc


def settle() -> None:
    """Call it once, when all is made. From then on the collector need not look at what start-up made, and needs to look less often at
    what requests make. A last look would take 0.1 s, and find less than a megabyte.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)
    # glibc keeps what reading a large document took, up to 10 MB. Other C libraries have no such function.
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)
