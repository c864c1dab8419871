"""People come in through an identity provider: as whom, with which roles, and for how long."""

from __future__ import annotations

from hashlib import sha256

from headworks.control.admin.setup import offer_setup
from headworks.domain.administration import EVERYTHING, AdminToken, Role
from headworks.domain.config import MappedRole, RolesRule
from tests.admin.conftest import Telling
from tests.admin.house import AUDIT, PASSWORD, ROOT, Caller, House
from tests.admin.provider import SECRET
from tests.admin.signing_in import AT, scene


async def first_time(house: House) -> None:
    async with scene(house) as its:
        ann = await its.browser().signed_in()
        me = await ann.made("GET /me")
        assert (me["name"], me["powers"][0]["party"]) == ("ann@example.com", EVERYTHING)
        (asked,), (bought,) = its.provider.asked, its.provider.redeemed
        assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == (
            "code",
            "S256",
            "openid profile email",
        )
        assert asked["redirect_uri"] == bought["redirect_uri"] == f"{AT}{ROOT}/login/corporate/callback"
        assert SECRET not in str(asked)
        assert SECRET not in str(bought), "it goes in the header that the provider names"
        made, given, session = await its.audit("login.end")
        assert (made["entity"], made["subject"], made["issuer"]) == ("administrator", "u-1", its.provider.url)
        assert (given["roles"], given["provider"]) == ("owner@*", "corporate")
        assert (session["entity"], session["provider"], session["actor"]) == ("session", "corporate", me["id"])


def test_who_has_a_role_by_the_map_becomes_an_administrator_at_the_first_sign_in(tell: Telling) -> None:
    tell(first_time)


async def by_form(house: House) -> None:
    async with scene(house) as its:
        its.provider.methods = ["client_secret_post"]
        assert (await its.browser().sign_in()).status == 200
    async with scene(house, client_secret="") as its:
        its.provider.secret, its.provider.person["email"] = "", "bob@example.com"
        assert (await its.browser().sign_in()).status == 200
        assert its.provider.redeemed[0]["code_verifier"]


def test_a_provider_that_wants_the_secret_in_the_form_or_knows_of_none_is_content_too(tell: Telling) -> None:
    tell(by_form)


async def before_the_link(house: House) -> None:
    link = (await offer_setup(house.office)).partition("#")[2]
    async with scene(house) as its:
        ann = await its.browser().signed_in()
        assert (await ann("GET /keys")).status == 200
        found = {"link": link, "name": "ann@example.com", "password": PASSWORD}
        assert (await its.house.anyone("POST /setup", found)).problem == "conflict"
        assert (await its.house.anyone("POST /setup", found | {"name": "founder"})).status == 201
        assert await offer_setup(house.office) == ""


def test_whoever_comes_before_the_one_time_link_is_used_does_not_use_it_up(tell: Telling) -> None:
    """Their roles end with the day: then nobody would own the installation, and nobody could."""
    tell(before_the_link)


async def second_time(house: House) -> None:
    async with scene(house) as its:
        first = (await (await its.browser().signed_in()).made("GET /me"))["id"]
        its.provider.person["email"] = "ann.smith@example.com"
        assert (await (await its.browser().signed_in()).made("GET /me"))["id"] == first


def test_who_comes_again_is_found_by_the_subject_whatever_they_are_called_by_now(tell: Telling) -> None:
    tell(second_time)


async def same_name(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann@example.com")
    async with scene(house) as its:
        refused = await its.browser().sign_in()
        assert refused.status == 403
        assert b"who does not come as the subject" in refused.raw
        (denial,) = await its.audit("login.end")
        assert (denial["outcome"], denial["actor"]) == ("denied", "oidc:corporate:u-1")


def test_an_address_that_an_administrator_has_here_does_not_make_them_of_whoever_has_it_there(tell: Telling) -> None:
    """Addresses are given away again, and at some providers anybody may write any: taking them for proof has opened many doors."""
    tell(same_name)


async def linked(house: House) -> None:
    id_ = await house.person((Role.AUDITOR, EVERYTHING), name="ann")
    async with scene(house, provision=False) as its:
        assert (await its.browser().sign_in()).status == 403
        owner = await its.house.owner()
        identity = {"provider": "corporate", "subject": "u-1"}
        path = f"/administrators/{id_}/identity"
        assert (await owner(f"PUT {path}", identity)).status == 428
        assert (await owner.made(f"PUT {path}", identity, if_match='"1"'))["version"] == 2
        assert (await owner(f"PUT {path}", identity, headers={"if-match": '"1"'})).problem == "stale"
        its.provider.person["groups"] = []
        ann = await its.browser().signed_in()
        assert (await ann.made("GET /me"))["id"] == id_
        other = await house.person((Role.AUDITOR, EVERYTHING))
        assert (await owner(f"PUT /administrators/{other}/identity", identity, headers={"if-match": "*"})).problem == "conflict"
        assert (await owner(f"DELETE {path}", headers={"if-match": "*"})).status == 204
        assert (await ann("GET /me")).problem == "not_signed_in"
        assert (await its.browser().sign_in()).status == 403


def test_an_owner_says_whom_an_administrator_comes_as_and_takes_it_back(tell: Telling) -> None:
    tell(linked)


async def beyond(house: House) -> None:
    async with scene(house) as its:
        owner = await house.person((Role.OWNER, EVERYTHING))
        admin = await its.house.token((Role.ADMIN, EVERYTHING))
        put = await admin(
            f"PUT /administrators/{owner}/identity", {"provider": "corporate", "subject": "u-2"}, headers={"if-match": "*"}
        )
        assert put.problem == "beyond_your_powers"
        unknown = await admin(
            f"PUT /administrators/{owner}/identity", {"provider": "x", "subject": "u"}, headers={"if-match": "*"}
        )
        assert unknown.problem == "beyond_your_powers"


def test_nobody_gives_their_own_identity_to_somebody_who_holds_more(tell: Telling) -> None:
    tell(beyond)


async def puppet(house: House) -> None:
    tenant = await house.tenant(await house.owner(), "acme")
    path = f"/administrators/{await house.person((Role.DEVELOPER, tenant.team))}/identity"
    identity = {"provider": "corporate", "subject": "u-1"}
    async with scene(house, provision=False) as its:
        for role, party in ((Role.ADMIN, tenant.organisation), (Role.ADMIN, EVERYTHING)):
            admin = await its.house.token((role, party))
            assert (await admin(f"PUT {path}", identity, headers={"if-match": "*"})).problem == "beyond_your_powers"
    less = RolesRule(map={"platform-admins": MappedRole(role="developer", party=tenant.team)})
    async with scene(house, provision=False, roles=less) as its:
        admin = await its.house.token((Role.ADMIN, tenant.organisation))
        await admin.made(f"PUT {path}", identity, if_match="*")
        assert (await (await its.browser().signed_in())("GET /keys")).status == 200


def test_nobody_makes_of_an_owner_to_come_somebody_they_hold_the_keys_of(tell: Telling) -> None:
    """Whose subject is given to a puppet becomes the puppet, and whoever knows its password would have the roles of their groups."""
    tell(puppet)


async def known_to_others(house: House) -> None:
    id_ = await house.person((Role.AUDITOR, EVERYTHING), name="ann")
    token = Caller(house.api, {"authorization": f"Bearer {await lasting_token(house, id_)}"})
    assert (await token("GET /keys")).status == 200
    async with scene(house, provision=False) as its:
        identity = {"provider": "corporate", "subject": "u-1"}
        owner = await its.house.owner()
        await owner.made(f"PUT /administrators/{id_}/identity", identity, if_match="*")
        assert (await (await its.browser().signed_in())("GET /keys")).status == 200
        assert (await token("GET /keys")).problem == "not_signed_in"
        password = {"name": "ann", "password": PASSWORD}
        assert (await its.house.anyone("POST /session", password)).problem == "not_signed_in"
        changed = await owner(f"PATCH /administrators/{id_}", {"password": PASSWORD * 2}, headers={"if-match": "*"})
        assert changed.problem == "not_allowed"


def test_what_opened_an_account_before_it_came_through_a_provider_does_not_any_more(tell: Telling) -> None:
    """Whoever made the account knows its first password, and may have made tokens with it."""
    tell(known_to_others)


async def for_the_day_it_is_down(house: House) -> None:
    id_ = await house.person((Role.OWNER, EVERYTHING), name="ann")
    token = Caller(house.api, {"authorization": f"Bearer {await lasting_token(house, id_)}"})
    async with scene(house, provision=False) as its:
        identity = {"provider": "corporate", "subject": "u-1"}
        await (await its.house.owner()).made(f"PUT /administrators/{id_}/identity", identity, if_match="*")
        await its.browser().signed_in()
        assert (await token("GET /keys")).status == 200
        await its.house.signed_in("ann")


def test_an_owner_who_comes_through_a_provider_keeps_the_password_for_the_day_it_is_down(tell: Telling) -> None:
    """Claims give them nothing, so that there is nothing to be had by knowing it."""
    tell(for_the_day_it_is_down)


async def groups_change(house: House) -> None:
    async with scene(house) as its:
        ann = await its.browser().signed_in()
        assert (await ann("GET /keys")).status == 200
        its.provider.person["groups"] = ["readers", "unknown"]
        reader = await its.browser().signed_in()
        grants = (await reader.made("GET /grants"))["data"]
        assert [grant["role"] for grant in grants] == ["auditor"]
        denied = await ann("POST /organisations", {"name": "acme", "bounds": {"models": ["*"]}})
        assert denied.problem == "not_allowed", "in all sessions at once"
        its.provider.person["groups"] = []
        refused = await its.browser().sign_in()
        assert refused.status == 403
        assert (await ann("GET /keys")).problem == "not_allowed"


def test_a_group_that_is_taken_away_takes_its_roles_along_at_the_next_sign_in(tell: Telling) -> None:
    tell(groups_change)


async def renamed(house: House) -> None:
    async with scene(house) as its:
        await its.browser().signed_in()
        now = its.renamed("okta")
        house.clock.advance(13 * 3600)
        its.provider.now += 13 * 3600
        ann = await now.browser().signed_in()
        assert (await ann("GET /keys")).status == 200
        its.provider.person["groups"] = ["readers"]
        reader = await now.renamed("entra").browser().signed_in()
        assert [grant["role"] for grant in (await reader.made("GET /grants"))["data"]] == ["auditor"]


def test_a_provider_that_is_called_by_another_name_lets_its_people_in_with_the_roles_of_now(tell: Telling) -> None:
    """What it gave under its name of before has ended, or would outlive the group that it came of."""
    tell(renamed)


async def leaver(house: House) -> None:
    async with scene(house) as its:
        ann = await its.browser().signed_in()
        made = await ann.made("POST /tokens", {"name": "for ever"})
        assert made["token"]["expires_at"] == "2026-01-01T12:00:00Z"
        token = Caller(its.house.api, {"authorization": f"Bearer {made['secret']}"})
        house.clock.advance(11 * 3600)
        assert (await token("GET /keys")).status == 200
        house.clock.advance(3600)
        assert (await token("GET /keys")).problem == "not_signed_in"
        id_ = (await (await its.house.owner()).made("GET /administrators?limit=1"))["data"][0]["id"]
        other = Caller(its.house.api, {"authorization": f"Bearer {await lasting_token(house, id_)}"})
        assert (await other("GET /keys")).problem == "not_allowed"


async def lasting_token(house: House, administrator: str) -> str:
    """As one that was made before the administrator came through a provider."""
    secret = "hwa-" + "x" * 43
    digest = sha256(secret.encode()).digest()
    token = AdminToken(id="tok_old", administrator=administrator, name="t", prefix=secret[:12], digest=digest)
    await house.office.people.add_token(token, audit=AUDIT)
    return secret


def test_who_has_left_keeps_nothing_beyond_a_sessions_length(tell: Telling) -> None:
    """They never sign in again, so nothing tells us: roles that came of claims end by themselves, and so do tokens made with them."""
    tell(leaver)


async def last_owner(house: House) -> None:
    founder = await house.person((Role.OWNER, EVERYTHING), name="founder")
    async with scene(house) as its:
        ann = await its.browser().signed_in()
        removed = await ann(f"DELETE /administrators/{founder}", headers={"if-match": "*"})
        assert removed.problem == "conflict"
        assert "last owner" in removed.body["detail"]


def test_an_owner_by_claims_does_not_count_as_the_last_owner(tell: Telling) -> None:
    """They own nothing tomorrow, and then nobody would."""
    tell(last_owner)


async def no_password(house: House) -> None:
    async with scene(house) as its:
        ann = await its.browser().signed_in()
        id_ = (await ann.made("GET /me"))["id"]
        owner = await its.house.owner()
        patch = await owner(f"PATCH /administrators/{id_}", {"password": PASSWORD}, headers={"if-match": "*"})
        assert patch.problem == "not_allowed"
        assert (await its.house.anyone("POST /session", {"name": "ann@example.com", "password": ""})).status == 422
        assert (
            await its.house.anyone("POST /session", {"name": "ann@example.com", "password": "x"})
        ).problem == "not_signed_in"
        assert (await owner(f"PATCH /administrators/{id_}", {"disabled": True}, headers={"if-match": "*"})).status == 200
        assert (await ann("GET /me")).problem == "not_signed_in"
        assert (await its.browser().sign_in()).status == 403


def test_who_comes_through_a_provider_has_no_password_and_can_be_disabled(tell: Telling) -> None:
    """Whoever gave them one would hold whatever their groups come to give later."""
    tell(no_password)


async def passwords_off(house: House) -> None:
    link = (await offer_setup(house.office)).partition("#")[2]
    async with scene(house, passwords="founder") as its:
        found = {"link": link, "name": "founder", "password": PASSWORD}
        assert (await its.house.anyone("POST /setup", found)).status == 201
        await house.person((Role.OWNER, EVERYTHING), name="bob")
        assert (await its.house.anyone("POST /session", {"name": "founder", "password": PASSWORD})).status == 201
        refused = await its.house.anyone("POST /session", {"name": "bob", "password": PASSWORD})
        assert refused.problem == "not_allowed"
        assert (await its.house.anyone("POST /session", {"name": "bob", "password": "wrong"})).problem == "not_signed_in"
        ways = await its.house.anyone.made("GET /login")
        assert ways == {"providers": [{"name": "corporate", "title": "corporate"}], "passwords": "founder"}


def test_passwords_can_be_turned_off_for_all_but_the_first_administrator(tell: Telling) -> None:
    tell(passwords_off)
