"""How requests wait, as queues want it."""

from __future__ import annotations

from typing import overload

from headworks.domain.config import PriorityName, QueueRule
from headworks.domain.envelope import Priority
from headworks.domain.queue_rules import TIMES, QueueRules


@overload
def priority_of(written: PriorityName) -> Priority: ...


@overload
def priority_of(written: PriorityName | None) -> Priority | None: ...


def priority_of(written: PriorityName | None) -> Priority | None:
    """The class of that name."""
    return None if written is None else Priority[written.upper()]


def queue_of(model: str, rule: QueueRule | None) -> QueueRules | None:
    """The queue of a model; None where its requests do not wait."""
    if rule is None:
        return None
    return QueueRules(
        name=rule.name or model,
        concurrency=None if rule.concurrency == "auto" else rule.concurrency,
        size=rule.size,
        bytes=rule.bytes,
        waits=tuple([rule.wait * times for times in TIMES]),
        shed=rule.shed,
    )
