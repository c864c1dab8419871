"""Rules over the facts of a request: who may do what beyond what lists of names can say."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Effect(StrEnum):
    """What follows where a rule's condition holds."""

    DENY = "deny"
    """The request is refused, whatever else allows it."""
    ALLOW = "allow"
    """The request may pass. Where any such rule applies to a caller, one of them has to hold."""


class Applies(StrEnum):
    """To whom a rule applies."""

    ALL = "all"
    NAMED = "named"
    """To callers of whom a level names it."""


class PolicyRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `when` is an expression of CEL over the facts of `facts.py`; `message` reaches the caller."""

    name: str
    when: str
    then: Effect = Effect.DENY
    applies: Applies = Applies.ALL
    message: str = ""
    zone: str = "UTC"
    """IANA time zone of its facts of time."""


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says of one request: for explanations."""

    policy: str
    then: str = ""
    """Empty where there is no such rule."""
    when: str = ""
    holds: bool | None = None
    """None where it could not be evaluated: then the request is denied."""
    trouble: str = ""
