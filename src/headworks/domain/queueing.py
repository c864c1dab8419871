"""How requests wait for a model, and which class and deadline they have there."""

from __future__ import annotations

from math import inf

from headworks.domain.call import Call
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.plan import Plan

PRIORITY = b"x-headworks-priority"
TIMEOUT = b"x-headworks-timeout-ms"
_CLASSES = {priority.name.lower().encode(): priority for priority in Priority}


def class_of(call: Call, plan: Plan) -> Priority:
    """The highest class that caller and model allow, or a routing rule, or a lower one that the request's header asks for. Raises `Fault`."""
    principal, highest = call.principal, plan.priority
    if highest is None:
        highest = plan.model.priority if principal is None else max(principal.priority, plan.model.priority)
    said = call.headers.get(PRIORITY)
    if said is None:
        return highest
    asked = _CLASSES.get(said.strip().lower())
    if asked is None:
        raise _wrong(PRIORITY, f"is none of {', '.join(name.decode() for name in _CLASSES)}.")
    return max(asked, highest)


def deadline_of(call: Call) -> float:
    """Until when the caller waits, by its header: monotonic seconds, infinity where it does not say. Raises `Fault`."""
    said = call.headers.get(TIMEOUT)
    if said is None:
        return inf
    if not said.strip().isdigit():
        raise _wrong(TIMEOUT, "is no whole number of milliseconds.")
    return call.began + int(said) / 1e3


def _wrong(header: bytes, what: str) -> Fault:
    return Fault("invalid_request", f"Correct the header '{header.decode()}': it {what}", param=header.decode())
