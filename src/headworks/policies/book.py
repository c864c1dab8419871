"""The rules of a snapshot, compiled, and for every caller those that apply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from headworks.domain.errors import Fault
from headworks.domain.facts import Facts, caller_fact
from headworks.domain.policy import Applies, Effect, PolicyRule, Ruling
from headworks.domain.principal import Principal
from headworks.policies.language import Expression, compiled, context, trouble_of

_MOST = 10_000
"""Callers whose rules are remembered."""
_REMEDY = "Change the request, or ask an administrator about this policy."


class PolicyBook:
    """`ports.policies.Policies`. One per process; belongs to the loop. Remembers by identity: a principal that was made anew is a new one."""

    def __init__(self) -> None:
        self._rules: tuple[PolicyRule, ...] | None = None
        self._bound: dict[str, Bound] = {}

    def refuse(self, rules: tuple[PolicyRule, ...], facts: Facts) -> None:
        """See `Policies.refuse`."""
        self.bound(rules, facts.principal).refuse(facts)

    def rulings(self, rules: tuple[PolicyRule, ...], facts: Facts) -> Sequence[Ruling]:
        """See `Policies.rulings`."""
        principal = facts.principal
        known = {rule.name for rule in rules}
        missing = [Ruling(policy=name, trouble="there is no such policy") for name in principal.policies if name not in known]
        return [*missing, *(_Policy(rule).ruling(facts) for rule in _applying(rules, principal))]

    def bound(self, rules: tuple[PolicyRule, ...], principal: Principal) -> Bound:
        """What applies to one caller, worked out as far as it does not depend on the request."""
        if rules is not self._rules or len(self._bound) >= _MOST:
            self._rules = rules
            self._bound = {}
        bound = self._bound.get(principal.id)
        if bound is None or bound.principal is not principal:
            bound = self._bound[principal.id] = Bound(rules, principal)
        return bound


class Bound:
    """The rules that apply to one principal. What they say of the caller alone is settled here, once."""

    __slots__ = ("_allows", "_alternatives", "_context", "_denies", "_facts", "_fault", "principal")

    def __init__(self, rules: tuple[PolicyRule, ...], principal: Principal) -> None:
        self.principal = principal
        self._fault = _missing(rules, principal)
        policies = [_Policy(rule) for rule in _applying(rules, principal)]
        caller = {name for policy in policies for name in policy.expression.caller}
        self._context = context({name: caller_fact(principal, name) for name in caller})
        denies = [policy for policy in policies if policy.rule.then is Effect.DENY]
        allows = [policy for policy in policies if policy.rule.then is Effect.ALLOW]
        self._alternatives = tuple(policy.rule for policy in allows)
        self._denies = tuple(policy for policy in denies if not self._settled_deny(policy))
        self._allows: tuple[_Policy, ...] | None = None
        if allows:
            self._allows = self._open_allows(allows)
        asked = (*self._denies, *(self._allows or ()))
        self._facts = tuple(sorted({name for policy in asked for name in policy.expression.request}))

    def refuse(self, facts: Facts) -> None:
        """See `Policies.refuse`."""
        if self._fault is not None:
            raise _again(self._fault)
        for name in self._facts:
            self._context.add_variable(name, facts.of(name))
        for policy in self._denies:
            if policy.holds(self._context, facts):
                raise _denied(policy.rule)
        if self._allows is not None and not any(policy.holds(self._context, facts) for policy in self._allows):
            raise _not_allowed(self._alternatives)

    def _settled_deny(self, policy: _Policy) -> bool:
        """Whether its answer is known by now. A yes refuses every request of this caller."""
        if not policy.expression.settled:
            return False
        try:
            if policy.holds(self._context) and self._fault is None:
                self._fault = _denied(policy.rule)
        except Fault as fault:
            self._fault = self._fault or fault
        return True

    def _open_allows(self, allows: list[_Policy]) -> tuple[_Policy, ...] | None:
        """Those that have to be asked; None where one allows all requests of this caller."""
        still: list[_Policy] = []
        for policy in allows:
            if not policy.expression.settled:
                still.append(policy)
                continue
            try:
                if policy.holds(self._context):
                    return None
            except Fault as fault:
                self._fault = self._fault or fault
        return tuple(still)


class _Policy:
    """One rule, ready to be asked."""

    __slots__ = ("expression", "rule")

    def __init__(self, rule: PolicyRule) -> None:
        self.rule = rule
        self.expression: Expression = compiled(rule.when)

    def holds(self, known: Any, facts: Facts | None = None) -> bool:
        """Its answer. Raises `Fault` where there is none."""
        if self.expression.time and facts is not None:
            local = facts.local(self.rule.zone)  # set anew for each rule: zones differ
            for name in self.expression.time:
                known.add_variable(name, _time(name, local))
        try:
            answer = self.expression.ask(known)
        except Exception as trouble:  # noqa: BLE001 - whatever the library raises, what cannot be judged is denied
            raise _unclear(self.rule, trouble_of(trouble)) from None
        if answer is True or answer is False:
            return answer
        raise _unclear(self.rule, f"its answer is of type {type(answer).__name__}, not true or false")

    def ruling(self, facts: Facts) -> Ruling:
        """Its answer, for people."""
        rule, expression = self.rule, self.expression
        names = (*expression.caller, *expression.request)
        try:
            holds = self.holds(context({name: facts.of(name) for name in names}), facts)
        except Fault as fault:
            return Ruling(policy=rule.name, then=rule.then, when=rule.when, trouble=fault.detail or fault.message)
        return Ruling(policy=rule.name, then=rule.then, when=rule.when, holds=holds)


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


def _applying(rules: tuple[PolicyRule, ...], principal: Principal) -> list[PolicyRule]:
    """Those that deny first: where one denies and another allows, the denial is what the caller is told."""
    applying = [rule for rule in rules if rule.applies is Applies.ALL or rule.name in principal.policies]
    return sorted(applying, key=lambda rule: rule.then is Effect.ALLOW)


def _missing(rules: tuple[PolicyRule, ...], principal: Principal) -> Fault | None:
    known = {rule.name for rule in rules}
    unknown = [name for name in principal.policies if name not in known]
    if not unknown:
        return None
    return Fault(
        "policy_denied",
        f"This key is bound to the policy '{unknown[0]}', which is not in the configuration. Nothing passes until an administrator adds "
        "it there, or takes it from the key and all above it.",
        detail=f"policy {unknown[0]}: unknown",
    )


def _denied(rule: PolicyRule) -> Fault:
    return Fault(
        "policy_denied",
        f"The policy '{rule.name}' does not let this request pass{_said(rule)}. {_REMEDY}",
        detail=f"policy {rule.name}: {rule.when}",
    )


def _not_allowed(rules: tuple[PolicyRule, ...]) -> Fault:
    names = ", ".join(f"'{rule.name}'{_said(rule)}" for rule in rules)
    return Fault(
        "policy_denied",
        f"Requests of this key pass only where a policy allows them, and none of these allows this one: {names}. {_REMEDY}",
        detail=f"policies {', '.join(rule.name for rule in rules)}: none holds",
    )


def _unclear(rule: PolicyRule, why: str) -> Fault:
    return Fault(
        "policy_denied",
        f"The policy '{rule.name}' cannot be evaluated for this request, and what cannot be judged does not pass. An administrator finds "
        "the reason in the record of this request.",
        detail=f"policy {rule.name}: {why}",
    )


def _said(rule: PolicyRule) -> str:
    return f" ({rule.message.rstrip('.')})" if rule.message else ""


def _again(fault: Fault) -> Fault:
    """A fault of its own for every request: raised twice, one would keep the first one's traceback."""
    return Fault(fault.code, fault.message, detail=fault.detail)
