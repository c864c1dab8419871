"""The narrow way to the database: few look-ups at once, a queue with an end, and patience with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

from headworks.domain.errors import Fault
from headworks.ports.clock import Clock
from headworks.ports.records import Lookups, Unanswerable

Answer = TypeVar("Answer")

_LEFT_ALONE = 1.0
"""Seconds until a database that did not answer is asked again."""


class Lost(Exception):
    """The database does not answer. Holds no words of the driver's: they may name an address and a password."""


class Gate:
    """Before `ports.records.Lookups`. However many callers come at once, the database sees `most` questions."""

    def __init__(self, lookups: Lookups, clock: Clock, *, most: int = 8, queue: int = 1_000, patience: float = 2.0) -> None:
        """`patience` in seconds."""
        self._lookups = lookups
        self._clock = clock
        self._slots = asyncio.Semaphore(most)
        self._room = most + queue
        self._patience = patience
        self._asking = 0
        self._lost_at = -inf

    @property
    def lost(self) -> bool:
        """It did not answer a moment ago, so it is not asked now."""
        return self._clock.now() - self._lost_at < _LEFT_ALONE

    @property
    def asking(self) -> int:
        """Questions under way or waiting."""
        return self._asking

    async def ask(self, question: Callable[[Lookups], Awaitable[Answer]]) -> Answer:
        """The answer. Raises `Lost`, and `Fault`: `overloaded` where too many are waiting already, `identity_unavailable` where this
        question alone has no answer.
        """
        if self.lost:
            raise Lost
        if self._asking >= self._room:
            raise Fault("overloaded", "Too many keys are being looked up at once. Try again in a second.", retry_after=1.0)
        self._asking += 1
        try:
            async with self._slots:
                return await self._answer(question)
        finally:
            self._asking -= 1

    async def _answer(self, question: Callable[[Lookups], Awaitable[Answer]]) -> Answer:
        if self.lost:  # it was lost while this one waited
            raise Lost
        try:
            async with asyncio.timeout(self._patience):
                answer = await question(self._lookups)
        except OSError as trouble:  # a timeout is one
            self._lost_at = self._clock.now()
            raise Lost(type(trouble).__name__) from None
        except Unanswerable:
            raise Fault("identity_unavailable", "The database cannot say who this is. Tell its operator.") from None
        self._lost_at = -inf
        return answer
