"""Requests that nobody sends by accident are refused, and leave nothing behind that cannot be put right."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from headworks.domain.administration import Role
from tests.admin.conftest import Telling
from tests.admin.house import PASSWORD, Caller, House
from tests.admin.signing_in import AUDIENCE, scene


async def broken_origin(house: House) -> None:
    for origin in ("http://[::1", "null", "//localhost:4456", ""):
        refused = await house.anyone("POST /session", {"name": "ann", "password": PASSWORD}, headers={"origin": origin})
        assert refused.problem == "origin_refused", origin


def test_an_origin_that_is_no_address_is_a_foreign_one(tell: Telling) -> None:
    tell(broken_origin)


async def far_page(house: House) -> None:
    owner = await house.owner()
    for path in ("usage/completions", "costs"):
        reply = await owner(f"GET /organization/{path}?page=99999999999999999999")
        assert [bucket["results"] for bucket in reply.body["data"]] == [[]]


def test_a_page_beyond_all_numbers_is_empty(tell: Telling) -> None:
    tell(far_page)


async def role_on_what_is_gone(house: House) -> None:
    owner = await house.owner()
    party = (await owner.made("POST /organisations", {"name": "brief", "bounds": {"models": ["*"]}}))["id"]
    person = await house.person((Role.ADMIN, party))
    assert (await owner(f"DELETE /organisations/{party}", headers={"if-match": "*"})).status == 204
    assert (await owner.made(f"GET /grants?administrator={person}"))["data"] == []
    disabled = await owner.made(f"PATCH /administrators/{person}", {"disabled": True}, if_match="*")
    assert disabled["disabled"] is True


def test_who_had_a_role_on_a_party_that_is_gone_can_still_be_disabled(tell: Telling) -> None:
    tell(role_on_what_is_gone)


async def nested(house: House) -> None:
    async with scene(house, audience=AUDIENCE) as its:
        deep = urlsafe_b64encode(b'{"alg":"ES256","x":' + b"[" * 6_000).decode()
        refused = await Caller(its.house.api, {"authorization": f"Bearer {deep}.e30.x"})("GET /me")
        assert refused.problem == "not_signed_in"


def test_a_token_nested_without_end_is_no_token(tell: Telling) -> None:
    tell(nested)


async def long_ago(house: House) -> None:
    async with scene(house) as its:
        browser = its.browser()
        for began in ("9" * 5_000, "\u00b2", "-1", ""):
            browser.cookies["headworks_sign_in"] = f"{began}.x."
            assert (await browser.get("/login/corporate/callback?state=x&code=y")).status == 401, began


def test_a_sign_in_that_began_at_no_time_there_is_has_not_begun(tell: Telling) -> None:
    tell(long_ago)
