"""`headworks keys policy` tells every restriction, and the level that it comes from."""

from __future__ import annotations

from headworks.cli.keys_policy import lines_of
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.keys import Level, Policy
from headworks.domain.limits import Calendar, Unit
from headworks.domain.records import narrowed

ACME = BoundsBody(
    models=("*",),
    endpoints=("chat",),
    features=("tools",),
    providers=("openai",),
    guards=("secrets",),
    tags={"env": "prod"},
    budgets={"all": BudgetBody(amount="50", calendar=Calendar.MONTH, group_by=("customer",))},
)
APP = BoundsBody(
    models=("gpt-*",),
    regions=(),
    policies=("office-hours",),
    limits={"minute": LimitBody(unit=Unit.INPUT_TOKENS, amount=600, seconds=60, models=("gpt-5",))},
    budgets={"soft": BudgetBody(amount="5", hard=False, models=("gpt-5",), where={"customer": ("acme", "globex")})},
)


def test_each_restriction_is_told_with_its_level() -> None:
    left = narrowed([ACME.bounds(), APP.bounds()])
    levels = (
        Level(id="org_1", kind="organisation", name="acme", bounds=ACME),
        Level(id="key_1", kind="key", name="app", bounds=APP),
    )
    policy = Policy.of("key_1", left, levels, why_not="It expired.", ends=0)
    assert list(lines_of(policy)) == [
        "usable     no. It expired.",
        "models     organisation acme: *",
        "models     key app: gpt-*",
        "endpoints  organisation acme: chat",
        "features   organisation acme: tools",
        "providers  organisation acme: openai",
        "regions    key app: none",
        "policies   key app: office-hours",
        "guards     organisation acme: secrets",
        "tag        organisation acme: env=prod",
        f"in effect  features: {' '.join(left.features) or 'plain requests only'}",
        "budget     organisation acme: all, 50 USD a month for each customer",
        "limit      key app: minute, 600 input tokens per 60 s of gpt-5",
        "budget     key app: soft, 5 USD of gpt-5 where customer is acme or globex, which only alerts",
    ]
