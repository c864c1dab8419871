"""A balancer that follows every attempt: what was told of each, in order."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from headworks.domain.call import Call
from headworks.domain.dispatch import Choice, Dispatch
from headworks.domain.errors import Fault
from headworks.domain.plan import Plan
from headworks.domain.reply import HeaderList
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.balancing import Balancer


class Heard:
    """A `Dispatch` that writes down what it is told, and tells it on."""

    def __init__(self, inner: Dispatch | None = None) -> None:
        self._inner = inner
        self.words: list[str] = []
        self.usage: Usage | None = None

    def sent(self) -> None:
        self.words.append("sent")
        if self._inner is not None:
            self._inner.sent()

    def headed(self, status: int, headers: HeaderList) -> None:
        self.words.append(f"headed {status}")
        if self._inner is not None:
            self._inner.headed(status, headers)

    def began(self) -> None:
        self.words.append("began")
        if self._inner is not None:
            self._inner.began()

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:
        self.words.append("ended" if fault is None else f"ended {fault.code}")
        self.usage = usage
        if self._inner is not None:
            self._inner.ended(fault, usage)

    @property
    def open(self) -> bool:
        """Whether it was sent and has not ended, or has more than once."""
        return [word.split()[0] for word in self.words].count("ended") != self.words.count("sent")


class Following:
    """Lets another one choose."""

    def __init__(self, chooser: Balancer) -> None:
        self._chooser = chooser
        self.attempts: list[Heard] = []

    def choose(self, call: Call, plan: Plan, targets: Sequence[Target]) -> Choice:
        choice = self._chooser.choose(call, plan, targets)
        self.attempts.append(Heard(choice.dispatch))
        return structs.replace(choice, dispatch=self.attempts[-1])
