"""One condition over the facts of a request, and the slate that conditions are asked over."""

from __future__ import annotations

from datetime import datetime

from headworks.domain.errors import Fault
from headworks.domain.facts import Facts
from headworks.policies.language import TROUBLES, Expression, compiled, context, trouble_of


class Slate:
    """The facts that expressions are asked over. Handing one to the library costs a microsecond for a text and ten for a map, so that
    only those are handed over that differ from what is there. Whoever asks puts down every fact that is read, so that none of another
    request is seen.
    """

    __slots__ = ("_values", "context")

    def __init__(self) -> None:
        self.context = context({})
        self._values: dict[str, object] = {}

    def put(self, name: str, value: object) -> None:
        """Set one fact."""
        values = self._values
        if name not in values or values[name] != value:
            self.context.add_variable(name, value)
            values[name] = value


class Condition:
    """An expression with the name of whoever states it, ready to be asked."""

    __slots__ = ("_name", "_what", "_zone", "expression")

    def __init__(self, what: str, name: str, when: str, zone: str) -> None:
        """`what` and `name` are what people are told of it: the policy 'no-pictures'; `zone` that of its facts of time."""
        self._what = what
        self._name = name
        self._zone = zone
        self.expression: Expression = compiled(when)

    def put(self, slate: Slate, facts: Facts) -> None:
        """Set all facts that it reads, those of time excepted."""
        for name in (*self.expression.caller, *self.expression.request):
            slate.put(name, facts.of(name))

    def holds(self, slate: Slate, facts: Facts | None = None) -> bool:
        """Its answer. Raises `Fault` where there is none."""
        if self.expression.time and facts is not None:
            local = facts.local(self._zone)  # set anew for each: zones differ
            for name in self.expression.time:
                slate.put(name, _time(name, local))
        try:
            answer = self.expression.ask(slate.context)
        except TROUBLES as trouble:
            raise self._unclear(trouble_of(trouble)) from None
        if answer is True or answer is False:
            return answer
        raise self._unclear(f"its answer is of type {type(answer).__name__}, not true or false")

    def _unclear(self, why: str) -> Fault:
        return Fault(
            "policy_denied",
            f"The {self._what} '{self._name}' cannot be evaluated for this request, and what cannot be judged does not pass. "
            "Ask an administrator: the record of this request has the reason.",
            detail=f"{self._what} {self._name}: {why}",
        )


def _time(name: str, local: datetime) -> object:
    match name:
        case "now":
            return local
        case "date":
            return local.strftime("%Y-%m-%d")
        case "time":
            return local.strftime("%H:%M")
        case "hour":
            return local.hour
        case _:
            return local.isoweekday()
