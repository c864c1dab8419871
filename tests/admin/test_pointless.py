"""What could never be used is refused; what can have no effect as things stand is kept, and told."""

from __future__ import annotations

import pytest

from headworks.domain.names import Names
from tests.admin.conftest import Story, Telling
from tests.admin.house import Caller, House

NAMES = Names(
    models=("gpt-5", "claude-*"),
    providers=frozenset(("openai",)),
    regions=frozenset(("eu",)),
    policies=frozenset(("office-hours",)),
    guards=frozenset(("secrets",)),
)
REQUESTS = {"unit": "requests", "amount": 5, "seconds": 60}
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"budgets": {"a": {"amount": "0"}}}, "/bounds/budgets/a/amount"),
    ({"budgets": {"a": {"amount": "0", "hard": False}}}, "/bounds/budgets/a/amount"),
    ({"budgets": {"a": {"amount": "5", "currency": "EUR"}}}, "/bounds/budgets/a/currency"),
    ({"limits": {"a": {"unit": "cost", "amount": "5", "seconds": 60, "currency": "EUR"}}}, "/bounds/limits/a/currency"),
    ({"limits": {"a": {"unit": "tokens", "amount": 0, "seconds": 60}}}, "/bounds/limits/a/amount"),
    ({"limits": {"a": {"unit": "tokens", "amount": 5, "seconds": 60, "models": []}}}, "/bounds/limits/a/models"),
    ({"limits": {"a": {"unit": "tokens", "amount": 5, "seconds": 60, "models": ["**"]}}}, "/bounds/limits/a/models/0"),
    (
        {"limits": {"a": {"unit": "tokens", "amount": 5, "seconds": 60, "models": ["gpt-5", "gtp-*"]}}},
        "/bounds/limits/a/models/1",
    ),
    ({"budgets": {"a": {"amount": "5", "models": []}}}, "/bounds/budgets/a/models"),
    ({"budgets": {"a": {"amount": "5", "models": ["**"]}}}, "/bounds/budgets/a/models/0"),
    ({"budgets": {"a": {"amount": "5", "hard": False, "models": ["gpt-5", "gtp-*"]}}}, "/bounds/budgets/a/models/1"),
    ({"budgets": {"a": {"amount": "5", "where": {"customer": []}}}}, "/bounds/budgets/a/where/customer"),
    (
        {"tags": {"tier": "gold"}, "limits": {"a": {**REQUESTS, "where": {"tag:tier": ["silver"]}}}},
        "/bounds/limits/a/where/tag:tier",
    ),
    ({"budgets": {"a": {"amount": "5", "hard": False, "on_loss": "open"}}}, "/bounds/budgets/a/on_loss"),
    ({"models": ["a*b*"]}, "/bounds/models/0"),
    ({"endpoints": ["chats"]}, "/bounds/endpoints/0"),
]
WARNED: list[tuple[dict[str, object], str, str]] = [
    ({"models": ["claude-4", "gtp-5"]}, "/bounds/models/1", "no model 'gtp-5'"),
    ({"models": []}, "/bounds/models", "allows nothing"),
    ({"models": ["gpt-5"]}, "/bounds/models/0", "The team research does not allow 'gpt-5'"),
    ({"endpoints": ["embeddings"]}, "/bounds/endpoints/0", "The team research does not allow 'embeddings'"),
    ({"providers": ["opnai"]}, "/bounds/providers/0", "no provider 'opnai'"),
    ({"policies": ["offce-hours"]}, "/bounds/policies/0", "no policy 'offce-hours'"),
    ({"guards": ["secret"]}, "/bounds/guards/0", "no guard 'secret'"),
]


async def told_names(house: House, known: list[Names] | None = None) -> tuple[Caller, str]:
    """The owner of a house whose configuration is known (the last of `known`), and a team that may use claude-* by chat."""
    wanted = known if known is not None else [NAMES]

    async def names() -> Names:
        return wanted[-1]

    owner = await House(house.office._replace(names=names), house.clock, house.said).owner()
    tenant = await house.tenant(owner, "acme")
    bounds = {"models": ["claude-*"], "endpoints": ["chat"]}
    await owner.made(f"PUT /teams/{tenant.team}/bounds", bounds, if_match="*")
    return owner, tenant.team


@pytest.mark.parametrize(("bounds", "pointer"), REFUSED)
def test_a_key_whose_bounds_can_match_nothing_is_refused(tell: Telling, bounds: dict[str, object], pointer: str) -> None:
    async def story(house: House) -> None:
        owner, team = await told_names(house)
        reply = await owner("POST /keys", {"name": "k", "owner": team, "bounds": bounds})
        assert (reply.status, reply.problem, reply.body["errors"][0]["pointer"]) == (422, "invalid", pointer), reply.body

    tell(story)


@pytest.mark.parametrize(("bounds", "pointer", "said"), WARNED)
def test_what_has_no_effect_as_things_stand_is_told(tell: Telling, bounds: dict[str, object], pointer: str, said: str) -> None:
    async def story(house: House) -> None:
        owner, team = await told_names(house)
        made = await owner.made("POST /keys", {"name": "k", "owner": team, "bounds": bounds})
        told = {each.get("pointer"): each["detail"] for each in made["key"]["bounds"]["warnings"]}
        assert said in told[pointer]
        assert "warnings" not in (await owner.made(f"GET /keys/{made['key']['id']}"))["bounds"], "told when it is written"

    tell(story)


async def nothing_to_tell(house: House) -> None:
    owner, team = await told_names(house)
    bounds = {"models": ["claude-4*"], "endpoints": ["chat"], "regions": ["eu"], "guards": ["secrets"]}
    made = await owner.made("POST /keys", {"name": "k", "owner": team, "bounds": bounds})
    assert "warnings" not in made["key"]["bounds"]


async def rules(house: House) -> None:
    owner, team = await told_names(house)
    wrong = await owner(f"PUT /teams/{team}/budgets/a", {"amount": "0"}, headers={"if-match": "*"})
    assert wrong.body["errors"][0]["pointer"] == "/budgets/a/amount"
    put = await owner.made(f"PUT /teams/{team}/bounds", {"models": ["gtp-5"]}, if_match="*")
    assert [each["pointer"] for each in put["warnings"]] == ["/models/0"]
    again = await owner.made(f"PUT /teams/{team}/bounds", put, if_match="*")
    assert again == put, "what was answered can be sent"


async def idle_owner(house: House) -> None:
    owner, team = await told_names(house)
    await owner.made(f"PATCH /teams/{team}", {"disabled": True}, if_match="*")
    made = await owner.made("POST /keys", {"name": "k", "owner": team})
    assert "The team research is disabled" in made["key"]["bounds"]["warnings"][0]["detail"]


async def over(house: House) -> None:
    owner, team = await told_names(house)
    past = "2026-01-01T00:00:00Z"
    for what, body in (("keys", {"owner": team}), ("projects", {"parent": team}), ("tokens", {})):
        reply = await owner(f"POST /{what}", {"name": "late", "expires_at": past, **body})
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/expires_at"), what


async def stale(house: House) -> None:
    known = [NAMES]
    owner, team = await told_names(house, known)
    limit = {"unit": "tokens", "amount": 5, "seconds": 60, "models": ["gpt-5"]}
    await owner.made(f"PUT /teams/{team}/limits/old", limit, if_match="*")
    await owner.made(f"PUT /teams/{team}/limits/other", limit | {"models": ["claude-*"]}, if_match="*")
    known.append(Names(models=("claude-*",)))
    left = await owner.made(f"DELETE /teams/{team}/limits/other", if_match="*")
    assert list(left["limits"]) == ["old"], "taking one away is no mistake, whatever has become one meanwhile"


@pytest.mark.parametrize("story", [nothing_to_tell, rules, idle_owner, over, stale], ids=lambda story: story.__name__)
def test_bounds_are_looked_over_wherever_they_are_written(tell: Telling, story: Story) -> None:
    tell(story)
