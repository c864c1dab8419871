"""What breaks a reader of foreign bytes is their garbage, not our crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from headworks.domain.errors import Fault

_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def understood(read: Callable[_Given, _Read], *given: _Given.args, **named: _Given.kwargs) -> _Read:
    """What `read` makes of an upstream's answer. Raises its `Fault`, or `upstream_garbage` where it breaks."""
    try:
        return read(*given, **named)
    except Fault:
        raise
    except Exception as trouble:  # noqa: BLE001 - whatever it is, the bytes are foreign
        raise Fault("upstream_garbage", "The upstream's answer could not be read.", detail=repr(trouble)) from None
