"""How an exchange ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Ending(StrEnum):
    """The ways an exchange can end. Exactly one holds for each."""

    FINISHED = "finished"
    """The whole answer was delivered."""
    REFUSED = "refused"
    """Denied, limited, blocked or malformed: no answer, by the gateway's word or the provider's 4xx."""
    FAILED = "failed"
    """No answer could be had."""
    SEVERED = "severed"
    """The answer began and broke off on the upstream's side."""
    CLIENT_GONE = "client_gone"
    """The caller hung up."""
    CANCELLED = "cancelled"
    """The gateway itself gave up: drain deadline, total deadline, shutdown."""
    KILLED = "killed"
    """The process died: found out afterwards from the journal."""


class Outcome(msgspec.Struct, frozen=True):
    """`status` is what the client got (499 where it hung up before a head). `fault` is a code of `FAULTS`, empty if none."""

    ending: Ending
    status: int = 200
    fault: str = ""
    detail: str = ""
