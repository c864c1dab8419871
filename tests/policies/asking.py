"""Requests to ask policies about."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.facts import Facts
from headworks.domain.plan import plan_for
from headworks.domain.policy import Applies, Effect, PolicyRule
from headworks.domain.principal import Principal
from headworks.domain.target import AskedModel
from headworks.policies import PolicyBook
from headworks.testing import sample_call, sample_snapshot, sample_target

SUNDAY_EVENING = 1_795_372_500_000_000_000
"""2026-11-22 18:35 UTC, nanoseconds."""


def request(principal: Principal | None = None, *, headers: dict[bytes, bytes] | None = None, **changes: Any) -> Call:
    """A call for `gpt-4o`, which `openai` serves in `eu` and `azure` nobody knows where. `changes` are those of its `Ask`."""
    targets = (sample_target("openai/gpt-4o", region="eu"), sample_target("azure/gpt-4o"))
    snapshot = sample_snapshot(*targets, model="gpt-4o")
    fields: dict[str, Any] = {"model": AskedModel("gpt-4o"), "prompt_tokens": 12, **changes}
    call = sample_call(
        model="gpt-4o",
        snapshot=snapshot,
        at=SUNDAY_EVENING,
        headers=headers or {},
        ask=Ask(**fields),
        principal=principal or Principal(id="k1", name="tester"),
    )
    plan = plan_for(snapshot, snapshot.models["gpt-4o"], call.kind, call.front)
    return msgspec.structs.replace(call, plan=plan)


def deny(when: str, name: str = "no", **changes: Any) -> PolicyRule:
    """A rule that denies."""
    return PolicyRule(name=name, when=when, **changes)


def allow(when: str, name: str = "yes", **changes: Any) -> PolicyRule:
    """A rule that allows."""
    return PolicyRule(name=name, when=when, then=Effect.ALLOW, **changes)


def named(rule: PolicyRule) -> PolicyRule:
    """The same, for those of whom a level names it."""
    return msgspec.structs.replace(rule, applies=Applies.NAMED)


def verdict(call: Call, *rules: PolicyRule, book: PolicyBook | None = None) -> str:
    """Why a request is denied; empty where it may pass."""
    try:
        (book or PolicyBook()).refuse(rules, Facts(call))
    except Fault as fault:
        return fault.message if fault.code == "policy_denied" else repr(fault)
    return ""
