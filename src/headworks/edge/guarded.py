"""One place for what must not fail however wrongly its parts behave."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from headworks.domain.ending import Complain

_P = ParamSpec("_P")


def went_well(complain: Complain, step: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> bool:
    """Do `step`. What it raises is complained about, and False comes back."""
    try:
        step(*args, **kwargs)
    except Exception as trouble:  # noqa: BLE001 - one connection's trouble must not become another's
        complain(trouble)
        return False
    return True
