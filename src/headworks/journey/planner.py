"""Plans, worked out once per snapshot, and once per narrowing of where a model may be served."""

from __future__ import annotations

from headworks.domain.call import Call
from headworks.domain.kind import Kind
from headworks.domain.plan import Plan, admits, narrowed_to, nowhere_allowed, plan_for, plan_through
from headworks.domain.snapshot import Model, Snapshot, Version

LARGEST = 4096
"""Plans kept of each sort; names from wildcards could be endless."""

Names = tuple[str, ...] | None
_Asked = tuple[str, str, Kind, str]
"""Model, number of its version, kind of request, and language."""


class Planner:
    """One per process, shared by the stages that need to know where a call may go."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._plans: dict[_Asked, Plan] = {}
        self._narrowed: dict[tuple[_Asked, Names, Names], Plan] = {}

    def plan(self, call: Call, model: Model) -> Plan:
        """Where this kind of call for this model may go, for this caller. Raises `Fault` where nowhere."""
        if call.passed is not None:
            return plan_through(call.snapshot, model, call.passed.passage, call.principal)
        if call.snapshot is not self._snapshot or len(self._plans) >= LARGEST:
            self._snapshot = call.snapshot
            self._plans = {}
            self._narrowed = {}
        key = (model.name, model.number if isinstance(model, Version) else "", call.kind, call.front)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = plan_for(call.snapshot, model, call.kind, call.front)
        principal = call.principal
        if principal is None or not principal.narrowed:
            return plan
        return self._narrow(call, plan, (key, principal.providers, principal.regions))

    def _narrow(self, call: Call, plan: Plan, key: tuple[_Asked, Names, Names]) -> Plan:
        principal = call.principal
        assert principal is not None
        narrow = self._narrowed.get(key)
        if narrow is None:
            if len(self._narrowed) >= LARGEST:
                self._narrowed = {}
            narrow = self._narrowed[key] = narrowed_to(plan, principal)
        if call.pinned is not None and not admits(principal, call.pinned):
            raise nowhere_allowed(plan.model, principal)
        return narrow
