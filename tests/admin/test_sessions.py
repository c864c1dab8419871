"""Sessions and tokens end when they should, with all that came of them, and not before."""

from __future__ import annotations

import msgspec

from headworks.control.admin.passwords import Passwords
from headworks.domain.administration import EVERYTHING, Role
from headworks.ports.records import EVERYWHERE
from tests.admin.conftest import Telling
from tests.admin.house import AUDIT, PASSWORD, Caller, House, browser


async def turned_at_once(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    before = await house.signed_in("ann")
    house.clock.advance(901)
    replies = [await before("GET /me") for _ in range(3)]  # a page asks for several things with the cookie that it has
    latest = [reply for reply in replies if "set-cookie" in reply.headers][-1]
    house.clock.advance(60)
    assert (await browser(house.api, latest)("GET /me")).status == 200


def test_requests_under_way_while_a_cookie_is_replaced_do_not_sign_their_browser_out(tell: Telling) -> None:
    tell(turned_at_once)


async def signed_out_after_a_turn(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    before, elsewhere = await house.signed_in("ann"), await house.signed_in("ann")
    house.clock.advance(901)
    after = browser(house.api, await before("GET /me"))
    assert (await after("DELETE /session")).status == 204
    assert (await before("GET /me")).problem == "not_signed_in"
    assert (await elsewhere("GET /me")).status == 200, "another browser's session is its own"


def test_signing_out_ends_the_cookie_before_the_last_one_too(tell: Telling) -> None:
    tell(signed_out_after_a_turn)


async def lasting_tokens(house: House) -> None:
    owner = await house.owner()
    ends = "2100-01-01T00:00:00Z"
    short = await owner.made("POST /tokens", {"name": "short", "scopes": ["keys:read"], "expires_at": ends})
    caller = Caller(house.api, {"authorization": "Bearer " + short["secret"]})
    for later in ({}, {"expires_at": "2200-01-01T00:00:00Z"}):
        made = await caller.made("POST /tokens", {"name": "t"} | later)
        assert made["token"]["expires_at"] == short["token"]["expires_at"]
    sooner = await caller.made("POST /tokens", {"name": "t", "expires_at": "2099-01-01T00:00:00Z"})
    assert sooner["token"]["expires_at"] < short["token"]["expires_at"]


def test_a_token_that_a_token_makes_ends_no_later(tell: Telling) -> None:
    """Whoever gets hold of a token of an hour must not keep its powers for ever."""
    tell(lasting_tokens)


class Overtaken(Passwords):
    """Somebody changes the password, or disables its owner, while it is being checked."""

    def __init__(self, house: House, person: str, **changes: object) -> None:
        super().__init__(house.office.chance)
        self._house = house
        self._person = person
        self._changes = changes

    async def fits(self, password: str, verifier: str) -> bool:
        fits = await self._house.office.passwords.fits(password, verifier)
        people = self._house.office.people
        person = await people.administrator(self._person, reach=EVERYWHERE)
        await people.put_administrator(msgspec.structs.replace(person, **self._changes), reach=EVERYWHERE, audit=AUDIT)
        return fits


async def overtaken(house: House) -> None:
    for name, changes in (("ann", {"password": "another verifier"}), ("bob", {"disabled": True})):
        await house.person((Role.OWNER, EVERYTHING))
        person = await house.person((Role.OWNER, EVERYTHING), name=name)
        office = house.office._replace(passwords=Overtaken(house, person, **changes))
        late = House(office, house.clock, house.said)
        assert (await late.anyone("POST /session", {"name": name, "password": PASSWORD})).problem == "not_signed_in"


def test_signing_in_by_a_password_that_is_changed_meanwhile_opens_nothing(tell: Telling) -> None:
    """Whoever has stolen a password and tries without pause must not be in the middle of it when it is changed."""
    tell(overtaken)
