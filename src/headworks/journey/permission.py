"""May this caller have this model? Asked of the model that a request names, and in the same words of every fallback."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.facts import Facts
from headworks.domain.features import refuse_uses
from headworks.domain.governed import refuse_governed_model
from headworks.domain.plan import Plan
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model
from headworks.journey.planner import Planner
from headworks.ports.policies import Policies

LISTED = 20
"""How many allowed models an error names."""


class Permission:
    """One per process, shared by the stages that choose a model. Nothing here waits."""

    def __init__(self, planner: Planner, policies: Policies) -> None:
        self._planner = planner
        self._policies = policies

    def plan(self, call: Call, ask: Ask, name: str, model: Model) -> Plan:
        """Where this call may go for `model`, which it was led to by `name`. Raises `Fault` where nowhere."""
        principal = call.principal
        assert principal is not None
        self.refuse_model(call, name, model)
        refuse_governed_model(model, principal)
        plan = self._planner.plan(call, model)
        rules = call.snapshot.policies
        if rules or principal.policies:
            self._policies.refuse(rules, Facts(call, plan, ask))
        return self._led(call, ask, plan) if model.routing else plan

    def _led(self, call: Call, ask: Ask, plan: Plan) -> Plan:
        """The part of a plan that the model's routing rules lead this call to. Raises `Fault` where they deny it."""
        rule = self._policies.first(plan.model.routing, Facts(call, plan, ask))
        if rule is None:
            return plan
        notes = call.tally.notes
        notes["routing"] = f"{notes['routing']}; {rule.name}" if "routing" in notes else rule.name
        return self._planner.led(call, plan, rule)

    def refuse_model(self, call: Call, name: str, model: Model) -> None:
        """Raise `model_not_allowed` where this caller may not have `model` by `name`."""
        principal = call.principal
        assert principal is not None
        if not principal.may_ask(name, model.name):
            raise Fault(
                "model_not_allowed", f"This key may not use the model '{name}'. {_choice(call, principal)}", param="model"
            )

    def besides(self, call: Call, features: frozenset[str]) -> None:
        """Raise `Fault` where a call that was allowed may not use these features besides: by its key, or by a policy."""
        principal, ask = call.principal, call.ask
        assert principal is not None
        assert ask is not None
        refuse_uses(features, principal)
        rules = call.snapshot.policies
        if (rules or principal.policies) and not features <= ask.features:
            more = msgspec.structs.replace(ask, features=ask.features | features)
            self._policies.refuse(rules, Facts(call, call.plan, more))

    def where(self, call: Call, model: Model) -> Plan:
        """Where this call may go, leaving out whether it may. Raises `Fault` where nowhere."""
        return self._planner.plan(call, model)


def model_asked(call: Call, ask: Ask, principal: Principal) -> Model:
    """The model of the name that was asked for. Raises `Fault` where there is none."""
    model = call.snapshot.find(ask.model)
    if model is not None:
        return model
    close = call.snapshot.suggest(ask.model, principal)
    hint = f" Did you mean {_quoted(close)}?" if close else ""
    raise Fault(
        "model_not_found", f"The model '{ask.model}' does not exist here.{hint} {_choice(call, principal)}", param="model"
    )


def refuse_endpoint(call: Call) -> None:
    """Raise `endpoint_not_allowed` where a level leaves this kind of request out."""
    principal = call.principal
    assert principal is not None
    if principal.endpoints is None or call.kind in principal.endpoints:
        return
    kind = call.kind.endpoint.value
    if kind not in principal.endpoints:
        allowed = ", ".join(principal.endpoints) or "none"
        raise Fault(
            "endpoint_not_allowed",
            f"This key may not send requests of the kind '{kind}', at whatever path. It may send: {allowed}. "
            f"Ask an administrator to add '{kind}' to the endpoints of the key and of all above it.",
        )


def _choice(call: Call, principal: Principal) -> str:
    names = call.snapshot.names_for(principal)
    if not names:
        return "The key may use no model: ask an administrator to allow one."
    more = f" and {len(names) - LISTED} more (GET /v1/models)" if len(names) > LISTED else ""
    star = " Write a model's name for the star." if any("*" in name for name in names[:LISTED]) else ""
    return f"Ask one that this key may use: {_quoted(names[:LISTED])}{more}.{star}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
