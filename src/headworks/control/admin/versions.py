"""Optimistic locking: who changes something says which version was read."""

from __future__ import annotations

import re

from headworks.control.admin.operation import Act, Operation
from headworks.control.admin.problems import Refusal
from headworks.domain.administration.wire.problem import Mistake

_TAG = re.compile(r'"([0-9]{1,15})"')


def etag_of(version: int) -> str:
    """As the header says it."""
    return f'"{version}"'


def read_version(operation: Operation, written: str | None) -> int | None:
    """What `If-Match` says; None for any version. Raises where it must be said and is not."""
    if written is None:
        if operation.locks:
            detail = 'Send If-Match with the ETag that you have read ("7"), or If-Match: * to change whatever is there.'
            raise Refusal("unlocked", detail, errors=[Mistake(detail=detail, parameter="If-Match")])
        return None
    if written.strip() == "*":
        return None
    match = _TAG.fullmatch(written.strip())
    if match is None:
        detail = 'If-Match takes one ETag as it was given, quotes included ("7"), or *. Send that.'
        raise Refusal("malformed", detail, errors=[Mistake(detail=detail, parameter="If-Match")])
    return int(match[1])


def refuse_stale(act: Act, version: int) -> None:
    """Raise where the record is another than the one that was read."""
    if act.version is not None and act.version != version:
        raise Refusal(
            "stale", f"It is at version {version} now. Read it again, and send your change with If-Match: {etag_of(version)}."
        )
