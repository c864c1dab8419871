"""How long targets take to answer whole, once a prompt has been read: whoever waits for the end waits for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import msgspec

MEMORY = 60.0
"""Seconds in which an answer loses most of its weight, where new ones come."""
NEWEST = 0.05
"""The least weight of a new one."""
ALIKE = 1.5
"""How much slower or faster than the median a target has to be to be called so."""
UNHEARD = 1.0
"""Seconds that an answer is taken to last where none has been heard of: so that those who are at work already come last."""


class Answering(msgspec.Struct, gc=False):
    """Of one target: moving sums over its whole answers."""

    at: float = 0.0
    answers: float = 0.0
    seconds: float = 0.0
    """From when their prompts will have been read."""
    tokens: float = 0.0
    """Of the answers, at least one of each."""
    beside: float = 0.0
    """Other requests that it had under way when each began."""

    def hear(self, seconds: float, tokens: int, beside: int, now: float) -> None:
        """One more has ended well."""
        kept = min(exp((self.at - now) / MEMORY), 1.0 - NEWEST)
        self.at = now
        self.answers = self.answers * kept + 1.0
        self.seconds = self.seconds * kept + max(seconds, 0.0)
        self.tokens = self.tokens * kept + max(tokens, 1)
        self.beside = self.beside * kept + beside


def answering_times(all_of: Sequence[Answering], under_way: Sequence[int]) -> list[float]:
    """Seconds of one more answer of the usual length at each, as if all that is under way there shared the machine: a target whose answers
    last no longer for having company has more of it from then on, and so is taken for what it is. Of whom nothing is known, what is
    known of the others is thought.
    """
    heard = [each for each in all_of if each.answers]
    if not heard:
        return [UNHEARD * (1 + count) for count in under_way]
    usual = sum([each.tokens for each in heard]) / sum([each.answers for each in heard])
    by_time = sorted([(each.seconds / each.tokens * usual, each.beside / each.answers) for each in heard])
    middle, beside = by_time[len(by_time) // 2]
    low, high = middle / ALIKE, middle * ALIKE
    times: list[float] = []
    for each, count in zip(all_of, under_way, strict=True):
        own = each.seconds / each.tokens * usual if each.answers else middle
        if low < own < high or not each.answers:
            times.append(middle * (1 + count) / (1.0 + beside))
        else:
            times.append(own * (1 + count) / (1.0 + each.beside / each.answers))
    return times
