"""One place for what must not fail however wrongly its parts behave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVarTuple

from headworks.domain.ending import Complain

_Args = TypeVarTuple("_Args")


def went_well(complain: Complain, step: Callable[[*_Args], object], *args: *_Args) -> bool:
    """Do `step`. What it raises is complained about, and False comes back."""
    try:
        step(*args)
    except Exception as trouble:  # noqa: BLE001 - one connection's trouble must not become another's
        complain(trouble)
        return False
    return True
