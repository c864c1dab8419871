"""Plans, worked out once per snapshot."""

from __future__ import annotations

from headworks.domain.call import Call
from headworks.domain.kind import Kind
from headworks.domain.plan import Plan, plan_for
from headworks.domain.snapshot import Model, Snapshot

LARGEST = 4096
"""Plans kept; names from wildcards could be endless."""


class Planner:
    """One per process, shared by the stages that need to know where a call may go."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._plans: dict[tuple[str, Kind, str], Plan] = {}

    def plan(self, call: Call, model: Model) -> Plan:
        """Where this kind of call for this model may go. Raises `Fault` where nowhere."""
        if call.snapshot is not self._snapshot or len(self._plans) >= LARGEST:
            self._snapshot = call.snapshot
            self._plans = {}
        key = (model.name, call.kind, call.front)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = plan_for(call.snapshot, model, call.kind, call.front)
        return plan
