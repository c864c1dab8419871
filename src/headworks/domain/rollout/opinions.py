"""What callers, and judges, say of answers: joined to the version that gave them, whichever of the two becomes known first."""

from __future__ import annotations

from typing import NamedTuple

from headworks.domain.exchange import Exchange
from headworks.domain.feedback import Feedback

JUDGE = "judge"
"""The label of a judge's score, alone or before a colon and the judge's name."""
SCORES = ("feedback", JUDGE)
"""The gates that opinions tell something to."""


class Answer(NamedTuple):
    """One that a rollout led. Who had it may say something of it."""

    exchange: str
    tenant: str
    rollout: str
    version: str


class Opinion(NamedTuple):
    """Of the answer to one exchange. The first one of a tenant counts for each gate."""

    exchange: str
    tenant: str
    gate: str
    score: float


def answer_of(exchange: Exchange) -> Answer:
    """What opinions on it will be joined to."""
    return Answer(exchange.id, _tenant(exchange), exchange.rollout, exchange.version)


def opinion_of(exchange: Exchange, said: Feedback) -> Opinion:
    """What an exchange that is feedback says of another one."""
    gate = JUDGE if said.label.partition(":")[0] == JUDGE else SCORES[0]
    return Opinion(said.exchange, _tenant(exchange), gate, said.score)


def _tenant(exchange: Exchange) -> str:
    """Feedback counts within one tenant: its organisation, or a key without one. See `domain.feedback.concerns`."""
    return f"in {exchange.lineage[0]}" if exchange.lineage else f"key {exchange.principal}"
