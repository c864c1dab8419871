"""Policies, as an operator writes them."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.written import Written


class PolicySpec(Written, frozen=True):
    """A rule by name: what follows where an expression over a request's facts holds."""

    when: str = ""
    """An expression of CEL, the Common Expression Language, that is true or false."""
    then: Literal["deny", "allow"] = "deny"
    message: str = ""
    """What callers are told besides the rule's name."""
    applies: Literal["all", "named"] = "all"
    """To all callers, or to those only whose key, or a level above it, names it."""
    zone: str = "UTC"
    """IANA time zone of the facts `date`, `time`, `hour` and `weekday`."""
