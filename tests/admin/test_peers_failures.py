"""What went wrong in other gateways' administration, each as a test that it does not here."""

from __future__ import annotations

import asyncio

from headworks.control.admin.attempts import PER_NAME_AND_PEER
from headworks.control.admin.operations import OPERATIONS
from headworks.domain.administration import EVERYTHING, Role, Scope
from headworks.ports.records import EVERYWHERE, Page
from tests.admin.conftest import Telling
from tests.admin.house import PASSWORD, Caller, House, browser


async def verifier_as_password(house: House) -> None:
    id_ = await house.person((Role.OWNER, EVERYTHING), name="ann")
    kept = (await house.office.people.administrator(id_, reach=EVERYWHERE)).password
    assert kept.startswith("scrypt$")
    refused = await house.anyone("POST /session", {"name": "ann", "password": kept})
    assert (refused.status, refused.problem) == (401, "not_signed_in")
    signed_in = await house.signed_in("ann")
    told = await signed_in(f"GET /administrators/{id_}")
    assert kept.encode() not in told.raw
    assert b"scrypt" not in told.raw


def test_a_stored_password_hash_is_never_told_and_opens_nothing(tell: Telling) -> None:
    """LiteLLM GHSA-69x8-hrgq-fjj8: unsalted hashes, told by the API, taken as passwords."""
    tell(verifier_as_password)


def test_every_write_needs_a_scope_and_configuration_an_installation_wide_one() -> None:
    """LiteLLM CVE-2026-35029: the endpoint that updates the configuration looked at no role."""
    open_to_all = {operation.name for operation in OPERATIONS if operation.writes and not isinstance(operation.needs, Scope)}
    assert open_to_all == {
        "setup.use", "session.create", "session.remove", "me.password", "sessions.remove", "tokens.create", "tokens.revoke",
        "login.ask", "login.decide", "login.redeem",
    }  # fmt: skip


async def sessions_end(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    idle = await house.signed_in("ann")
    house.clock.advance(3601)
    assert (await idle("GET /me")).problem == "not_signed_in"
    busy = await house.signed_in("ann")
    for _ in range(14):  # of 50 minutes: 11 h 40
        reply = await busy("GET /me")
        if "set-cookie" in reply.headers:
            busy = browser(house.api, reply)
        assert reply.status == 200
        house.clock.advance(3000)
    house.clock.advance(1201)
    assert (await busy("GET /me")).problem == "not_signed_in", "half a day is the end, used or not"
    left = await house.signed_in("ann")
    assert (await left("DELETE /session")).status == 204
    assert (await left("GET /me")).problem == "not_signed_in", "signing out ends it in the store, too"


def test_sessions_end_when_idle_when_old_and_when_signed_out(tell: Telling) -> None:
    """LiteLLM CVE-2026-12772, -12796: sessions did not expire."""
    tell(sessions_end)


async def cookies_turn(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    before = await house.signed_in("ann")
    house.clock.advance(901)
    reply = await before("GET /me")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    after = browser(house.api, reply)
    assert after.headers["x-headworks-csrf"] == before.headers["x-headworks-csrf"]
    assert (await before("GET /me")).status == 200, "requests may be under way with the old one"
    house.clock.advance(31)
    assert (await before("GET /me")).problem == "not_signed_in"
    assert (await after("POST /tokens", {"name": "t"})).status == 201


def test_a_cookie_is_replaced_and_the_old_one_dies(tell: Telling) -> None:
    tell(cookies_turn)


async def forged(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    ann = await house.signed_in("ann")
    body = {"name": "acme", "bounds": {"models": ["*"]}}
    bare = Caller(house.api, {"cookie": ann.headers["cookie"]})
    assert (await bare("POST /organisations", body)).problem == "csrf"
    assert (await bare("POST /organisations", body, headers={"x-headworks-csrf": "guess"})).problem == "csrf"
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert (await ann("POST /organisations", body, headers=headers)).problem == "origin_refused"
    assert (await ann("POST /organisations", body, headers={"origin": "http://localhost:4456"})).status == 201
    plain = await ann("POST /organisations", raw=b'{"name": "form"}', headers={"content-type": "text/plain"})
    assert plain.problem == "not_json", "a form of another site can send text, and no JSON"


def test_a_page_of_another_site_changes_nothing(tell: Telling) -> None:
    tell(forged)


async def foreign_hosts(house: House) -> None:
    owner = await house.owner()
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "localhost:4456@evil.example", "[::1"):
        reply = await owner("GET /me", headers={"host": host})
        assert reply.problem == "host_refused", host
    for host in ("localhost", "127.0.0.1:4456", "[::1]:4456", "10.1.2.3"):
        assert (await owner("GET /me", headers={"host": host})).status == 200, host
    disguised = await house.anyone("GET /teams", headers={"host": "localhost/admin/v1/openapi.json?"})
    assert disguised.status in {400, 401}


def test_a_foreign_host_header_is_refused_and_never_decides_anything(tell: Telling) -> None:
    """LiteLLM CVE-2026-49468, Starlette CVE-2026-48710: the path was read out of a URL that the Host header had a part in."""
    tell(foreign_hosts)


async def others_ids(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    admin = await house.token((Role.ADMIN, ours.organisation))
    there, nowhere = await admin(f"GET /keys/{theirs.key}"), await admin("GET /keys/key_" + "0" * 32)
    assert there.status == nowhere.status == 404
    assert {**there.body, "instance": ""} == {**nowhere.body, "instance": ""}, (
        "what is out of reach looks like what is not there"
    )
    mine = await house.person((Role.DEVELOPER, ours.team), name="mine")
    other = await house.signed_in("mine")
    session = (await other.made("GET /sessions"))["data"][0]["id"]
    token = (await other.made("POST /tokens", {"name": "t"}))["token"]["id"]
    assert (await admin(f"DELETE /sessions/{session}")).status == 404
    assert (await admin(f"POST /tokens/{token}/revoke")).status == 404
    assert (await admin(f"GET /administrators/{mine}")).status == 200


def test_an_id_of_somebody_else_opens_nothing_and_tells_nothing(tell: Telling) -> None:
    """Open WebUI CVE-2026-45349, -45671: whoever knew an id could read what it names."""
    tell(others_ids)


async def handing_on(house: House) -> None:
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    boss = await house.person((Role.OWNER, EVERYTHING), name="boss")
    admin_id = await house.person((Role.ADMIN, ours.team), name="admin")
    admin = await house.signed_in("admin")
    for role, party in (("owner", ours.team), ("operator", ours.team)):
        reply = await admin("POST /grants", {"administrator": admin_id, "role": role, "party": party})
        assert reply.problem == "beyond_your_powers", role
    for party, status in ((EVERYTHING, 403), (ours.organisation, 404)):
        assert (await admin("POST /grants", {"administrator": admin_id, "role": "developer", "party": party})).status == status
    assert (await admin("POST /grants", {"administrator": admin_id, "role": "developer", "party": ours.team})).status == 201
    assert (await admin("POST /grants", {"administrator": boss, "role": "developer", "party": ours.team})).status == 404
    await owner.made("POST /grants", {"administrator": boss, "role": "developer", "party": ours.team})
    taken_over = await admin(f"PATCH /administrators/{boss}", {"password": "mine from now on"}, headers={"if-match": "*"})
    assert taken_over.problem == "beyond_your_powers", "to set a password is to become the one"
    assert (await admin(f"DELETE /administrators/{boss}", headers={"if-match": "*"})).problem == "beyond_your_powers"


def test_nobody_hands_on_or_takes_over_more_than_they_hold(tell: Telling) -> None:
    """LiteLLM CVE-2026-47101: an internal user minted keys for what was forbidden to them."""
    tell(handing_on)


async def token_of_token(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")

    async def minted(by: Caller, **asked: object) -> Caller:
        made = await by.made("POST /tokens", {"name": "t"} | asked)
        return Caller(house.api, {"authorization": "Bearer " + made["secret"]})

    reader = await minted(owner, scopes=["parties:read"])
    again = await minted(reader)
    assert (await again("POST /organisations", {"name": "x"})).problem == "not_allowed"
    assert (await reader("POST /tokens", {"name": "t", "scopes": ["keys:write"]})).problem == "beyond_your_powers"
    local = await minted(owner, party=ours.team)
    assert (await local("POST /tokens", {"name": "t", "party": theirs.team})).status == 404
    assert (await local("POST /tokens", {"name": "t", "party": ours.organisation})).status == 404
    for caller in (local, await minted(local), await minted(local, party=ours.project)):
        assert (await caller(f"GET /projects/{ours.project}")).status == 200
        assert (await caller(f"GET /projects/{theirs.project}")).status == 404
        assert (await caller(f"GET /organisations/{ours.organisation}")).status == 404
    assert (await local("PUT /me/password", {"old": PASSWORD, "new": "a longer password"})).problem == "not_allowed"


def test_a_token_makes_no_wider_token(tell: Telling) -> None:
    tell(token_of_token)


async def demoted(house: House) -> None:
    owner = await house.owner()
    id_ = await house.person((Role.ADMIN, EVERYTHING), name="ann")
    ann = await house.signed_in("ann")
    made = await ann.made("POST /tokens", {"name": "t"})
    token = Caller(house.api, {"authorization": "Bearer " + made["secret"]})
    assert (await token("GET /keys")).status == 200
    grant = (await owner.made(f"GET /grants?administrator={id_}"))["data"][0]["id"]
    assert (await owner(f"DELETE /grants/{grant}")).status == 204
    for caller in (ann, token):
        assert (await caller("GET /keys")).problem == "not_allowed"
    await owner.made(f"PATCH /administrators/{id_}", {"disabled": True}, if_match="*")
    for caller in (ann, token):
        assert (await caller("GET /me")).problem == "not_signed_in"
    await owner.made(f"PATCH /administrators/{id_}", {"disabled": False}, if_match="*")
    assert (await token(f"POST /tokens/{made['token']['id']}/revoke")).status == 200
    assert (await token("GET /me")).problem == "not_signed_in"


def test_what_an_administrator_loses_the_session_and_the_tokens_lose_at_once(tell: Telling) -> None:
    tell(demoted)


async def borrowed_cursor(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    here, there = await house.token((Role.ADMIN, ours.organisation)), await house.token((Role.ADMIN, theirs.organisation))
    for number in range(2):
        await owner.made("POST /teams", {"name": f"t{number}", "parent": theirs.organisation})
    cursor = (await there.made("GET /teams?limit=1"))["next"]
    assert (await there("GET /teams?limit=1&cursor=" + cursor)).status == 200
    assert (await here("GET /teams?limit=1&cursor=" + cursor)).problem == "malformed"
    assert (await there("GET /projects?limit=1&cursor=" + cursor)).problem == "malformed"
    assert (await there(f"GET /teams?limit=1&under={theirs.organisation}&cursor={cursor}")).problem == "malformed"
    assert (await there("GET /teams?cursor=" + cursor[:-2] + "AA")).problem == "malformed"


def test_a_cursor_is_good_for_its_list_and_its_actor_only(tell: Telling) -> None:
    tell(borrowed_cursor)


async def borrowed_repeat(house: House) -> None:
    owner = await house.owner()
    ours, theirs = await house.tenant(owner, "acme"), await house.tenant(owner, "rival")
    here, there = await house.token((Role.ADMIN, ours.organisation)), await house.token((Role.ADMIN, theirs.organisation))
    same = {"idempotency-key": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
    first = await there("POST /keys", {"name": "k", "owner": theirs.team}, headers=same)
    again = await there("POST /keys", {"name": "k", "owner": theirs.team}, headers=same)
    assert first.body == again.body, "the same key, with its secret, once more"
    assert again.headers["idempotency-replayed"] == "true"
    assert (await there("POST /keys", {"name": "other", "owner": theirs.team}, headers=same)).problem == "key_reused"
    other = await here("POST /keys", {"name": "k", "owner": theirs.team}, headers=same)
    assert other.problem == "not_found"
    own = await here("POST /keys", {"name": "k", "owner": ours.team}, headers=same)
    assert own.status == 201
    assert own.body["secret"] != first.body["secret"]
    house.clock.advance(24 * 3600)
    assert (await there("POST /keys", {"name": "k", "owner": theirs.team}, headers=same)).body["secret"] != first.body["secret"]


def test_an_idempotency_key_answers_only_whoever_used_it_first(tell: Telling) -> None:
    tell(borrowed_repeat)


async def at_once(house: House) -> None:
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    same = {"idempotency-key": "a" * 16}
    replies = await asyncio.gather(*(owner("POST /keys", {"name": "k", "owner": ours.team}, headers=same) for _ in range(8)))
    secrets = {reply.body["secret"] for reply in replies if reply.status == 201}
    assert len(secrets) == 1
    assert {reply.status for reply in replies} <= {201, 409}
    assert len((await owner.made(f"GET /keys?owner={ours.team}"))["data"]) == 1


def test_many_requests_with_one_idempotency_key_make_one_key(tell: Telling) -> None:
    tell(at_once)


async def guessing(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    wrong = {"name": "ann", "password": "not this one"}
    replies = await asyncio.gather(*(house.anyone("POST /session", wrong) for _ in range(PER_NAME_AND_PEER + 5)))
    assert sorted(reply.status for reply in replies) == [401] * PER_NAME_AND_PEER + [429] * 5
    late = await house.anyone("POST /session", {"name": "ann", "password": PASSWORD})
    assert late.problem == "too_many", "not even with the right one"
    assert int(late.headers["retry-after"]) > 0
    unknown = await Caller(house.api, peer="192.0.2.9")("POST /session", {"name": "bob", "password": "x"})
    assert unknown.body["detail"] == replies[0].body["detail"], "who there is, is not told"
    house.clock.advance(900)
    assert (await house.anyone("POST /session", {"name": "ann", "password": PASSWORD})).status == 201


def test_passwords_cannot_be_guessed_at_leisure(tell: Telling) -> None:
    tell(guessing)


async def denials(house: House) -> None:
    owner = await house.owner()
    ours = await house.tenant(owner, "acme")
    auditor = await house.token((Role.AUDITOR, ours.organisation))
    for _ in range(50):
        assert (await auditor("POST /keys", {"name": "k", "owner": ours.team})).status == 403
        assert (await house.anyone("GET /keys")).status == 401
    await house.office.denials.tell()
    entries = await house.office.people.audit_entries(Page(size=3), reach=EVERYWHERE)
    told = {(entry.facts["operation"], entry.facts["why"], entry.facts["times"]) for entry in entries[:2]}
    assert told == {("keys.create", "not_allowed", "50"), ("keys.list", "not_signed_in", "50")}
    done = (await owner.made("GET /audit"))["data"]
    assert {"keys.create", "organisations.create"} <= {entry["facts"]["operation"] for entry in done}
    assert all(entry["facts"]["actor"] for entry in done if entry["facts"]["outcome"] == "done")
    seen = (await auditor.made("GET /audit"))["data"]
    assert {entry["facts"]["within"] for entry in seen} <= set(ours)


async def by_a_foreign_name(house: House) -> None:
    assert (await house.anyone("GET /me", headers={"host": "rebound.example"})).problem == "host_refused"
    await house.office.denials.tell()
    (entry,) = await house.office.people.audit_entries(Page(size=1), reach=EVERYWHERE)
    assert (entry.facts["outcome"], entry.facts["why"], entry.facts["path"]) == ("denied", "host_refused", "/admin/v1/me")


def test_a_page_that_comes_by_a_foreign_name_is_in_the_audit(tell: Telling) -> None:
    tell(by_a_foreign_name)


def test_every_act_and_every_denial_is_in_the_audit(tell: Telling) -> None:
    tell(denials)
