"""When targets of a higher order are used although those of a lower one are there: these have enough to do."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Spill(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An order of targets is full at `concurrency` attempts under way for each of them that is available, or where none is."""

    concurrency: Annotated[int, msgspec.Meta(ge=1)] = 64
    back: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.8
    """Once full, it is used again when it has been below this part of that"""
    hold: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    """for so many seconds."""
