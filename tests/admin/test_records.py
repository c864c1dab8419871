"""Parties, keys and their bounds through the API."""

from __future__ import annotations

import asyncio

from headworks.domain.administration import AuditFilter, Role
from headworks.ports.records import EVERYWHERE, Page
from tests.admin.conftest import Telling
from tests.admin.house import Caller, House


async def parties(house: House) -> None:
    owner = await house.owner()
    acme = await owner.made("POST /organisations", {"name": "acme", "bounds": {"models": ["*"]}})
    team = await owner.made("POST /teams", {"name": "research", "parent": acme["id"]})
    assert team["path"] == [acme["id"]]
    reply = await owner("PATCH /teams/" + team["id"], {"name": "lab"}, headers={"if-match": '"1"'})
    assert (reply.status, reply.body["name"], reply.headers["etag"]) == (200, "lab", '"2"')
    stale = await owner("PATCH /teams/" + team["id"], {"name": "other"}, headers={"if-match": '"1"'})
    assert (stale.status, stale.problem) == (412, "stale")
    unlocked = await owner("PATCH /teams/" + team["id"], {"name": "other"})
    assert (unlocked.status, unlocked.problem) == (428, "unlocked")
    assert (await owner("GET /projects/" + team["id"])).status == 404, "a team is no project"
    taken = await owner("POST /teams", {"name": "lab", "parent": acme["id"]})
    assert (taken.status, taken.problem) == (409, "conflict")
    assert f"There is another team 'lab' in that place already: {team['id']}" in taken.body["detail"]
    busy = await owner("DELETE /organisations/" + acme["id"], headers={"if-match": "*"})
    assert (busy.status, busy.problem) == (409, "conflict")
    assert (await owner("DELETE /teams/" + team["id"], headers={"if-match": "*"})).status == 204
    assert (await owner("GET /teams")).body == {"data": [], "next": None}


def test_parties_are_made_changed_and_removed(tell: Telling) -> None:
    tell(parties)


async def moved(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    other = await owner.made("POST /teams", {"name": "other", "parent": tenant.organisation})
    reply = await owner.made(f"POST /projects/{tenant.project}/move", {"parent": other["id"]}, if_match="*")
    assert reply["path"] == [tenant.organisation, other["id"]]
    wrong = await owner(f"POST /projects/{tenant.project}/move", {"parent": tenant.user}, headers={"if-match": "*"})
    assert (wrong.status, wrong.body["errors"][0]["pointer"]) == (422, "/parent")


def test_a_project_moves_to_another_team(tell: Telling) -> None:
    tell(moved)


async def keys(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    made = await owner.made("POST /keys", {"name": "app", "owner": tenant.team, "bounds": {"models": ["gpt-*"]}})
    secret, key = made["secret"], made["key"]
    assert secret.startswith(key["prefix"])
    found = await owner("GET /keys?prefix=" + key["prefix"])
    assert [each["id"] for each in found.body["data"]] == [key["id"]]
    assert secret.encode() not in found.raw
    again = await owner.made(f"POST /keys/{key['id']}/rotate", {"overlap_seconds": 60})
    old = await owner.made(f"GET /keys/{key['id']}")
    assert (old["replaced_by"], old["revoked_at"]) == (again["key"]["id"], "2026-01-01T00:01:00Z")
    assert again["key"]["bounds"] == key["bounds"]
    assert (await owner(f"POST /keys/{key['id']}/rotate", {})).problem == "conflict"
    await owner.made(f"POST /keys/{again['key']['id']}/revoke")
    assert not (await owner.made(f"GET /keys/{again['key']['id']}/policy"))["usable"]
    assert (await owner(f"DELETE /keys/{key['id']}", headers={"if-match": "*"})).status == 204
    assert (await owner(f"GET /keys/{key['id']}")).status == 404


async def rotated_again_and_again(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    budget = {"amount": "10", "calendar": "month", "rollover": {"most": "4"}}
    ids, budgets = [tenant.key], [await owner.made(f"PUT /keys/{tenant.key}/budgets/month", budget, if_match="*")]
    for _ in range(2):
        house.clock.advance(86_400)
        made = await owner.made(f"POST /keys/{ids[-1]}/rotate", {"overlap_seconds": 3600})
        ids.append(made["key"]["id"])
        budgets.append(made["key"]["bounds"]["budgets"])
    records = [await house.office.records.key(each, reach=EVERYWHERE) for each in ids]
    assert [record.counted_as for record in records] == [tenant.key] * 3
    assert budgets[2]["month"]["rollover"] == budgets[1]["month"]["rollover"] == budgets[0]["budgets"]["month"]["rollover"]


def test_a_rotated_key_goes_on_with_what_the_one_before_has_used(tell: Telling) -> None:
    """Else whoever may rotate a key could spend its budget as often as it pleases."""
    tell(rotated_again_and_again)


async def rotated_at_once(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    replies = await asyncio.gather(*(owner(f"POST /keys/{tenant.key}/rotate", {"overlap_seconds": 60}) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
    (made,) = (reply.body["key"]["id"] for reply in replies if reply.status == 201)
    there = (await owner.made(f"GET /keys?owner={tenant.project}"))["data"]
    assert {key["id"]: key["replaced_by"] for key in there} == {tenant.key: made, made: None}
    for key in (made, tenant.key):
        only = AuditFilter(operation="keys.rotate", object=key)
        (entry,) = await house.office.people.audit_entries(Page(), reach=EVERYWHERE, only=only)
        assert (entry.facts["id"], entry.facts["replaced"]) == (made, tenant.key), "found by both"


def test_who_rotates_a_key_that_somebody_else_has_just_rotated_leaves_no_key_behind(tell: Telling) -> None:
    tell(rotated_at_once)


def test_a_key_is_shown_once_rotated_with_an_overlap_revoked_and_removed(tell: Telling) -> None:
    tell(keys)


async def bounded(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    limit = {"unit": "cost", "amount": "12.5", "seconds": 3600}
    await owner.made(f"PUT /teams/{tenant.team}/limits/spend", limit, if_match="*")
    await owner.made(f"PUT /teams/{tenant.team}/budgets/month", {"amount": "100", "calendar": "month"}, if_match="*")
    bounds = await owner.made(f"PUT /keys/{tenant.key}/bounds", {"models": ["gpt-*"], "tags": {"env": "test"}}, if_match="*")
    assert bounds == {"models": ["gpt-*"], "tags": {"env": "test"}}
    policy = await owner.made(f"GET /keys/{tenant.key}/policy")
    assert policy["usable"]
    assert policy["models"] == [["*"], ["gpt-*"]]
    levels = {level["kind"]: level["bounds"] for level in policy["levels"]}
    assert levels["team"]["limits"]["spend"].items() >= {"unit": "cost", "amount": "12.5", "seconds": 3600.0}.items()
    assert levels["team"]["budgets"]["month"].items() >= {"amount": "100", "calendar": "month"}.items()
    await owner.made(f"DELETE /teams/{tenant.team}/limits/spend", if_match="*")
    assert (await owner.made(f"GET /teams/{tenant.team}/bounds")).keys() == {"budgets"}
    assert (await owner(f"DELETE /teams/{tenant.team}/limits/spend", headers={"if-match": "*"})).status == 404


def test_limits_and_budgets_are_set_one_by_one_and_seen_in_the_policy_of_a_key(tell: Telling) -> None:
    tell(bounded)


async def rolls_over(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    path = f"PUT /teams/{tenant.team}/budgets/month"
    wanted = {"amount": "10", "calendar": "month", "rollover": {"most": "4", "since": "1999-01-01T00:00:00Z"}}
    made = (await owner.made(path, wanted, if_match="*"))["budgets"]["month"]
    assert made["rollover"]["most"] == "4"
    assert made["rollover"]["since"].startswith("2026-01-01T00:")
    house.clock.advance(86_400)
    changed = await owner.made(path, {**made, "amount": "20"}, if_match="*")
    assert changed["budgets"]["month"] == {**made, "amount": "20"}
    policy = await owner.made(f"GET /keys/{tenant.key}/policy")
    levels = {level["kind"]: level["bounds"] for level in policy["levels"]}
    assert levels["team"]["budgets"]["month"]["rollover"] == made["rollover"]
    assert "rollover" not in (await owner.made(path, {"amount": "10", "calendar": "month"}, if_match="*"))["budgets"]["month"]


def test_a_budget_that_rolls_over_says_since_when_whatever_was_sent(tell: Telling) -> None:
    tell(rolls_over)


WRONG: list[tuple[dict[str, object], str]] = [
    ({"limits": {"a": {"unit": "tokens", "amount": "1.5", "seconds": 1}}}, "/limits/a/amount"),
    ({"limits": {"a": {"unit": "cost", "amount": 1, "seconds": 1}}}, "/limits/a/amount"),
    ({"limits": {"a": {"unit": "tokens", "amount": 1}}}, "/limits/a/seconds"),
    ({"limits": {"a": {"unit": "tokens", "amount": 1, "seconds": 1, "calendar": "day"}}}, "/limits/a/calendar"),
    ({"limits": {"a": {"unit": "concurrent", "amount": 1, "seconds": 1}}}, "/limits/a/unit"),
    ({"limits": {"a": {"unit": "tokens", "amount": 1, "calendar": "day", "zone": "Mars/Base"}}}, "/limits/a/zone"),
    ({"limits": {"a": {"unit": "tokens", "amount": 1, "calendar": "day", "zone": "../../etc/passwd"}}}, "/limits/a/zone"),
    ({"limits": {"a": {"unit": "tokens", "amount": 1, "seconds": 1, "group_by": ["colour"]}}}, "/limits/a/group_by/0"),
    ({"budgets": {"a": {"amount": "1", "rollover": {"most": "1"}}}}, "/budgets/a/rollover"),
    ({"budgets": {"a": {"amount": "1", "calendar": "day", "hard": False, "rollover": {"most": "1"}}}}, "/budgets/a/rollover"),
    ({"budgets": {"a": {"amount": "1", "calendar": "day", "rollover": {"most": "0"}}}}, "/budgets/a/rollover/most"),
    ({"endpoints": ["chat", "chatting"]}, "/endpoints/1"),
    ({"features": ["telepathy"]}, "/features/0"),
    ({"tags": {"env": "other"}}, "/tags/env"),
]


async def mistakes(house: House) -> None:
    owner = await house.owner()
    tenant = await house.tenant(owner, "acme")
    await owner.made(
        f"PUT /organisations/{tenant.organisation}/bounds", {"models": ["*"], "tags": {"env": "prod"}}, if_match="*"
    )
    for bounds, pointer in WRONG:
        reply = await owner(f"PUT /teams/{tenant.team}/bounds", bounds, headers={"if-match": "*"})
        assert (reply.status, reply.problem, reply.body["errors"][0]["pointer"]) == (422, "invalid", pointer), bounds


def test_bounds_that_cannot_work_are_refused_with_the_place_in_the_body(tell: Telling) -> None:
    tell(mistakes)


async def silence(house: House) -> None:
    owner = await house.owner()
    unsaid = await owner("POST /organisations", {"name": "acme"})
    assert (unsaid.problem, unsaid.body["errors"][0]["pointer"]) == ("invalid", "/bounds/models")
    tenant = await house.tenant(owner, "acme")
    bounds = f"PUT /organisations/{tenant.organisation}/bounds"
    assert (await owner(bounds, {"features": ["*"]}, headers={"if-match": "*"})).problem == "invalid"
    governed = {"name": "search", "owner": tenant.team, "bounds": {"features": ["web_search", "tools"]}}
    early = await owner("POST /keys", governed)
    assert (early.problem, early.body["errors"][0]["pointer"]) == ("invalid", "/bounds/features")
    await owner.made(bounds, {"models": ["*"], "features": ["web_search"]}, if_match="*")
    key = await owner.made("POST /keys", governed)
    assert (await owner.made(f"GET /keys/{key['key']['id']}/policy"))["features"] == ["web_search"]


def test_an_organisation_says_what_it_grants_before_anybody_below_it_can_have_it(tell: Telling) -> None:
    tell(silence)


async def pages(house: House) -> None:
    owner = await house.owner()
    acme = await owner.made("POST /organisations", {"name": "acme", "bounds": {"models": []}})
    made = [(await owner.made("POST /teams", {"name": f"t{number}", "parent": acme["id"]}))["id"] for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await owner.made("GET /teams?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += [each["id"] for each in page["data"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


def test_pages_follow_one_another_to_the_end(tell: Telling) -> None:
    tell(pages)


async def searched(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    made = await owner.made("POST /keys", {"name": "app-1", "owner": ours.team})
    await owner.made("POST /keys", {"name": "app-2", "owner": theirs.team})
    key = made["key"]["id"]

    async def found(query: str) -> list[str]:
        return [entry["facts"]["operation"] for entry in (await owner.made(f"GET /audit?{query}"))["data"]]

    assert set(await found("operation=keys.create")) == set(await found("operation=keys")) == {"keys.create"}
    assert await found("operation=keys&object=app-1") == ["keys.create"]
    assert await found(f"object={key}") == ["keys.create"]
    assert await found(f"object={ours.team}&operation=teams") == ["teams.create"]
    assert await found("object=app-%25") == await found("actor=nobody") == await found("operation=key") == []
    assert await found("outcome=done&limit=200") == await found("limit=200")
    assert await found("until=2020-01-01T00:00:00Z") == []
    assert len(await found("since=2020-01-01T00:00:00Z&limit=200")) == len(await found("limit=200"))
    assert (await owner("GET /audit?outcome=perhaps")).status == 422


def test_the_audit_is_searched_by_who_what_whom_when_and_outcome(tell: Telling) -> None:
    tell(searched)


async def removed_with_a_past(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    here, there = [await house.token((Role.AUDITOR, tenant.organisation)) for tenant in (ours, theirs)]
    lead = await house.token((Role.AUDITOR, ours.team))
    for kind, party in (("users", ours.user), ("service-accounts", ours.service_account), ("projects", ours.project)):
        assert (await owner(f"DELETE /{kind}/{party}", headers={"if-match": "*"})).status == 204
    await owner.made(f"DELETE /teams/{ours.team}", if_match="*")

    async def told_to(auditor: Caller) -> set[str]:
        return {entry["facts"]["within"] for entry in (await auditor.made("GET /audit"))["data"]}

    assert await told_to(here) == {ours.organisation, ours.team, ours.project, ours.user, ours.service_account}
    assert not await told_to(there) & set(ours)
    assert (await lead("GET /audit")).problem == "not_allowed", "the role on what is gone is gone, too"
    assert await told_to(owner) > set(ours) - {ours.key, ours.customer}


def test_what_was_done_to_a_removed_party_is_told_to_those_above_it(tell: Telling) -> None:
    tell(removed_with_a_past)
