"""The rules of a snapshot, compiled, and for every caller those that apply."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from headworks.domain.errors import Fault
from headworks.domain.facts import Facts, caller_fact
from headworks.domain.policy import Applies, Effect, PolicyRule, Ruling
from headworks.domain.principal import Principal
from headworks.domain.routing import RoutingRule
from headworks.policies.condition import Condition, Slate
from headworks.policies.routes import Routes

_MOST = 10_000
"""Callers whose rules are remembered."""
_REMEDY = "Change the request, or ask an administrator about this policy."


class PolicyBook:
    """`ports.policies.Policies`. One per process; belongs to the loop. Remembers by identity: a principal that was made anew is a new one."""

    def __init__(self) -> None:
        self._desk = Desk(())
        self._bound: dict[str, Bound] = {}
        self._routes = Routes()

    def refuse(self, rules: tuple[PolicyRule, ...], facts: Facts) -> None:
        """See `Policies.refuse`."""
        self.bound(rules, facts.principal).refuse(facts)

    def first(self, rules: tuple[RoutingRule, ...], facts: Facts) -> RoutingRule | None:
        """See `Policies.first`."""
        return self._routes.first(rules, facts)

    def rulings(self, rules: tuple[PolicyRule, ...], facts: Facts) -> Sequence[Ruling]:
        """See `Policies.rulings`."""
        principal = facts.principal
        known = {rule.name for rule in rules}
        missing = [Ruling(policy=name, trouble="there is no such policy") for name in principal.policies if name not in known]
        return [*missing, *(policy.ruling(facts) for policy in Desk(rules).applying(principal))]

    def bound(self, rules: tuple[PolicyRule, ...], principal: Principal) -> Bound:
        """What applies to one caller, worked out as far as it does not depend on the request."""
        if rules is not self._desk.rules:
            self._desk = Desk(rules)
            self._bound = {}
        bound = self._bound.get(principal.id)
        if bound is None or bound.principal is not principal:
            if len(self._bound) >= _MOST:
                self._bound = {}
            bound = self._bound[principal.id] = Bound(self._desk, principal)
        return bound


class Desk:
    """The rules of one snapshot, compiled, and the slate that they are all asked over: callers share both."""

    __slots__ = ("_policies", "rules", "slate")

    def __init__(self, rules: tuple[PolicyRule, ...]) -> None:
        self.rules = rules
        self.slate = Slate()
        ranked = sorted(rules, key=lambda rule: rule.then is Effect.ALLOW)  # denials first: they are what a caller is told
        self._policies = tuple(_Policy(rule) for rule in ranked)

    def applying(self, principal: Principal) -> list[_Policy]:
        """Those that apply to a caller."""
        return [
            policy for policy in self._policies if policy.rule.applies is Applies.ALL or policy.rule.name in principal.policies
        ]


class Bound:
    """The rules that apply to one principal. What they say of the caller alone is settled here, once."""

    __slots__ = ("_allowed", "_allows", "_alternatives", "_denies", "_facts", "_fault", "_slate", "principal")

    def __init__(self, desk: Desk, principal: Principal) -> None:
        self.principal = principal
        self._slate = desk.slate
        self._fault = _missing(desk.rules, principal)
        policies = desk.applying(principal)
        self._alternatives = tuple(policy.rule for policy in policies if policy.rule.then is Effect.ALLOW)
        self._allowed = not self._alternatives
        open_now = [policy for policy in policies if not self._settled(policy)]
        self._denies = tuple(policy for policy in open_now if policy.rule.then is Effect.DENY)
        self._allows = tuple(policy for policy in open_now if policy.rule.then is Effect.ALLOW)
        asked = {name for policy in open_now for name in (*policy.expression.caller, *policy.expression.request)}
        self._facts = tuple(sorted(asked))

    def refuse(self, facts: Facts) -> None:
        """See `Policies.refuse`."""
        if self._fault is not None:
            raise copy.copy(self._fault)  # raised twice, one would keep the first request's traceback
        slate = self._slate
        for name in self._facts:
            slate.put(name, facts.of(name))
        for policy in self._denies:
            if policy.holds(slate, facts):
                raise _denied(policy.rule)
        allowed = self._allowed
        for policy in self._allows:  # all of them: what cannot be evaluated denies, wherever it stands
            allowed = policy.holds(slate, facts) or allowed
        if not allowed:
            raise _not_allowed(self._alternatives)

    def _settled(self, policy: _Policy) -> bool:
        """Whether its answer is the same for all requests. If so, it is taken down here."""
        if not policy.expression.settled:
            return False
        for name in policy.expression.caller:
            self._slate.put(name, caller_fact(self.principal, name))
        try:
            holds = policy.holds(self._slate)
        except Fault as fault:
            self._fault = self._fault or fault
            return True
        if policy.rule.then is Effect.ALLOW:
            self._allowed = self._allowed or holds
        elif holds:
            self._fault = self._fault or _denied(policy.rule)
        return True


class _Policy(Condition):
    """One rule, ready to be asked."""

    __slots__ = ("rule",)

    def __init__(self, rule: PolicyRule) -> None:
        super().__init__("policy", rule.name, rule.when, rule.zone)
        self.rule = rule

    def ruling(self, facts: Facts) -> Ruling:
        """Its answer, for people."""
        rule, slate = self.rule, Slate()
        self.put(slate, facts)
        try:
            holds = self.holds(slate, facts)
        except Fault as fault:
            return Ruling(policy=rule.name, then=rule.then, when=rule.when, trouble=fault.detail or fault.message)
        return Ruling(policy=rule.name, then=rule.then, when=rule.when, holds=holds)


def _missing(rules: tuple[PolicyRule, ...], principal: Principal) -> Fault | None:
    known = {rule.name for rule in rules}
    unknown = [name for name in principal.policies if name not in known]
    if not unknown:
        return None
    return Fault(
        "policy_denied",
        f"This key is bound to the policy '{unknown[0]}', which is not in the configuration. "
        "Ask an administrator to add it there, or to take it from the key and all above it.",
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


def _said(rule: PolicyRule) -> str:
    return f" ({rule.message.rstrip('.')})" if rule.message else ""
