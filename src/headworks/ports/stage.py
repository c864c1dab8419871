"""A stage of the journey."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from headworks.domain.call import Call
from headworks.domain.reply import Reply

Proceed = Callable[[Call], Awaitable[Reply]]


class Stage(Protocol):
    """Acts before `proceed(call)`, which returns at the head of the answer. Afterwards only taps and the closing act.

    A stage that holds something registers what it owes with `call.closing` before it awaits anything. It refuses by raising `Fault`.
    It may be a coroutine function, or, where it often has nothing to wait for, a function that hands on what `proceed` gives.
    """

    def __call__(self, call: Call, proceed: Proceed, /) -> Awaitable[Reply]:
        """Serve the call, by itself or by proceeding."""
        ...
