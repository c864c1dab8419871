"""Services call the admin API with tokens of an identity provider: made for it, with roles by the same map, and never more than these."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.administration import EVERYTHING, Role
from tests.admin.conftest import Telling
from tests.admin.house import Caller, House
from tests.admin.signing_in import AUDIENCE, Scene, scene

SERVICE: dict[str, Any] = {"aud": AUDIENCE, "sub": "deployer", "groups": ["readers"]}


def service(its: Scene, **changes: Any) -> Caller:
    token = its.provider.signed(**{**SERVICE, **changes})
    return Caller(its.house.api, {"authorization": f"Bearer {token}"})


async def reads(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        robot = service(its)
        me = await robot.made("GET /me")
        assert me["name"] == "deployer (corporate)"
        assert me["id"].startswith("jwt:corporate:")
        assert "deployer" not in me["id"]
        assert (await robot("GET /keys")).status == 200
        assert (await robot("POST /organisations", {"name": "a", "bounds": {"models": ["*"]}})).problem == "not_allowed"
        owner = service(its, groups=["platform-admins"])
        await owner.made("POST /organisations", {"name": "acme", "bounds": {"models": ["*"]}})
        (done,) = [entry for entry in await its.audit("organisations.create") if entry["outcome"] == "done"]
        assert (done["actor"], done["by"]) == (me["id"], "deployer (corporate)")


def test_a_service_may_what_its_roles_say_and_is_in_the_audit(tell: Telling) -> None:
    tell(reads)


async def narrowed(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        for scope in ("openid keys:read", ["keys:read"]):
            robot = service(its, groups=["platform-admins"], scope=scope)
            assert (await robot("GET /keys")).status == 200
            assert (await robot("GET /audit")).problem == "not_allowed"
        wide = service(its, groups=["readers"], scope="keys:read keys:write administrators:write")
        assert {scope for power in (await wide.made("GET /me"))["powers"] for scope in power["scopes"]} == {"keys:read"}
        long = service(its, groups=["platform-admins"], scope=" ".join(["x" * 50] * 20 + ["keys:read"]))
        assert (await long("GET /audit")).problem == "not_allowed", "however long the list is"


async def misspelt(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        assert (
            await service(its, groups=["platform-admins"], scope="openid config:raed")("GET /keys")
        ).problem == "not_allowed"


def test_a_misspelt_scope_of_ours_does_not_widen_a_token(tell: Telling) -> None:
    tell(misspelt)


async def disabled(house: House) -> None:
    id_ = await house.person((Role.AUDITOR, EVERYTHING), name="ann")
    async with scene(house, audience=AUDIENCE) as its:
        owner = await its.house.owner()
        identity = {"provider": "corporate", "subject": "u-1"}
        await owner.made(f"PUT /administrators/{id_}/identity", identity, if_match="*")
        ann = service(its, sub="u-1", groups=["platform-admins"])
        assert (await ann("GET /me")).status == 200
        await owner.made(f"PATCH /administrators/{id_}", {"disabled": True}, if_match="*")
        assert (await ann("GET /me")).problem == "not_allowed"


def test_a_token_of_an_administrator_who_is_disabled_opens_nothing(tell: Telling) -> None:
    tell(disabled)


def test_scopes_of_a_token_narrow_its_roles_and_never_widen_them(tell: Telling) -> None:
    tell(narrowed)


BAD = {
    "for callers of models": {"aud": "headworks"},
    "an ID token": {"aud": "console"},
    "for nobody": {"aud": None},
    "expired": {"exp": 1},
    "for ever": {"exp": None},
    "another issuer's": {"iss": "https://evil.example.com"},
    "of nobody": {"sub": None},
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_is_not_made_for_the_admin_api_opens_nothing(tell: Telling, name: str) -> None:
    async def story(house: House) -> None:
        async with scene(house, audience=AUDIENCE) as its:
            assert (await service(its, **BAD[name])("GET /me")).problem == "not_signed_in"

    tell(story)


async def forged(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        for algorithm in ("none", "HS256"):
            its.provider.algorithm = algorithm
            assert (await service(its)("GET /me")).problem == "not_signed_in"
        for garbage in ("a.b.c", "..", "é.é.é"):
            caller = Caller(its.house.api, {"authorization": f"Bearer {garbage}".encode().decode("latin-1")})
            assert (await caller("GET /me")).problem == "not_signed_in"


def test_forged_tokens_open_nothing(tell: Telling) -> None:
    tell(forged)


async def without_audience(house: House) -> None:
    async with scene(house) as its:
        assert (await service(its)("GET /me")).problem == "not_signed_in"


def test_where_no_audience_is_configured_no_token_of_the_provider_opens_anything(tell: Telling) -> None:
    tell(without_audience)


async def without_role(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        assert (await service(its, groups=["unknown"])("GET /me")).problem == "not_allowed"
        (denial,) = await its.audit("me.read")
        assert (denial["outcome"], denial["by"]) == ("denied", "deployer (corporate)")
        gone = service(its, groups=["nowhere"])
        assert (await gone.made("GET /keys"))["data"] == []


def test_a_token_from_which_no_role_follows_is_refused_by_name(tell: Telling) -> None:
    tell(without_role)


async def keeps_nothing(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        robot = service(its, groups=["platform-admins"])
        assert (await robot("POST /tokens", {"name": "for ever"})).problem == "not_allowed"
        assert (await robot("PUT /me/password", {"old": "x" * 12, "new": "y" * 12})).problem == "not_allowed"
        made = await robot.made(
            "POST /administrators", {"name": "bob", "password": "correct horse battery", "role": "auditor", "party": "*"}
        )
        house.clock.advance(13 * 3600)
        bob = await its.house.signed_in("bob", "correct horse battery")
        assert (await bob("GET /keys")).status == 200, "who is made by a service stays what they are"
        assert made["name"] == "bob"


def test_a_service_gets_no_credential_that_outlives_its_token(tell: Telling) -> None:
    tell(keeps_nothing)


async def provider_gone(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        robot = service(its)
        its.provider.down = True
        assert (await robot("GET /me")).problem == "unavailable"
        assert len(its.house.said) == 1


def test_while_the_providers_keys_cannot_be_read_the_service_is_told_to_come_again(tell: Telling) -> None:
    tell(provider_gone)
