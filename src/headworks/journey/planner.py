"""Plans, worked out once per snapshot, and once per narrowing of where a model may be served."""

from __future__ import annotations

from typing import NamedTuple

from headworks.domain.call import Call
from headworks.domain.confines import Confines
from headworks.domain.facts import confines_of
from headworks.domain.kind import Kind
from headworks.domain.plan import Plan, led_by, narrowed_to, nowhere_allowed, plan_for, plan_through
from headworks.domain.routing import RoutingRule
from headworks.domain.snapshot import Model, Snapshot, Version

LARGEST = 4096
"""Plans kept of each sort; names from wildcards could be endless."""

_Key = tuple[str, str, Kind, str]
"""Model, number of its version, kind of request, and language."""


class _Led(NamedTuple):
    """What a rule made of a plan. It holds both, so that neither's identity is given to another."""

    plan: Plan
    rule: RoutingRule
    part: Plan


class Planner:
    """One per process, shared by the stages that need to know where a call may go."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._plans: dict[_Key, Plan] = {}
        self._narrowed: dict[tuple[_Key, Confines], Plan] = {}
        self._led: dict[tuple[int, str], _Led] = {}

    def plan(self, call: Call, model: Model) -> Plan:
        """Where this kind of call for this model may go, for this caller. Raises `Fault` where nowhere."""
        confines = confines_of(call)
        if call.passed is not None:
            return plan_through(call.snapshot, model, call.passed.passage, confines)
        if call.snapshot is not self._snapshot or len(self._plans) >= LARGEST:
            self._snapshot = call.snapshot
            self._plans = {}
            self._narrowed = {}
            self._led = {}
        key = (model.name, model.number if isinstance(model, Version) else "", call.kind, call.front)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = plan_for(call.snapshot, model, call.kind, call.front)
        return plan if confines is None else self._narrow(call, plan, key, confines)

    def led(self, call: Call, plan: Plan, rule: RoutingRule) -> Plan:
        """The part of a plan, made here, that a routing rule leads to. Raises `Fault` where it denies, or nothing is left."""
        if call.passed is not None:
            return led_by(plan, rule)
        place = (id(plan), rule.name)
        led = self._led.get(place)
        if led is None or led.plan is not plan or led.rule is not rule:
            if len(self._led) >= LARGEST:
                self._led = {}
            led = self._led[place] = _Led(plan, rule, led_by(plan, rule))
        return led.part

    def _narrow(self, call: Call, plan: Plan, key: _Key, confines: Confines) -> Plan:
        narrow = self._narrowed.get((key, confines))
        if narrow is None:
            if len(self._narrowed) >= LARGEST:
                self._narrowed = {}
            narrow = self._narrowed[key, confines] = narrowed_to(plan, confines)
        if call.pinned is not None and not confines.admit(call.pinned):
            raise nowhere_allowed(plan.model, confines)
        return narrow
