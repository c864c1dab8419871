"""What a leaked token has made goes with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from headworks.domain.administration import EVERYTHING, AdminToken, Role
from headworks.ports.administration import Facts
from headworks.ports.records import EVERYWHERE, Page
from headworks.stores.sql.administration import SqlAdministration
from tests.admin.conftest import Telling
from tests.admin.house import Caller, House, Reply


async def minted(house: House, by: Caller) -> tuple[str, Caller]:
    made = await by.made("POST /tokens", {"name": "t"})
    return made["token"]["id"], Caller(house.api, {"authorization": "Bearer " + made["secret"]})


async def revoked_with_all(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    ann = await house.signed_in("ann")
    leaked, thief = await minted(house, ann)
    other, unharmed = await minted(house, ann)
    first, child = await minted(house, thief)
    _, grandchild = await minted(house, child)
    assert (await ann(f"POST /tokens/{first}/revoke")).status == 200
    _, late = await minted(house, thief)
    assert (await ann(f"POST /tokens/{leaked}/revoke")).status == 200
    for caller in (thief, child, grandchild, late):
        assert (await caller("GET /me")).problem == "not_signed_in"
    assert (await unharmed("GET /me")).status == 200
    entries = await house.office.people.audit_entries(Page(size=20), reach=EVERYWHERE)
    told = [(each.facts["id"], each.facts.get("minted")) for each in entries if each.facts["operation"] == "tokens.revoke"]
    assert told == [(leaked, "1"), (first, "1")], "each tells how many others went with it"
    assert (await ann(f"POST /tokens/{other}/revoke")).status == 200


def test_a_revoked_token_takes_along_all_that_came_of_it(tell: Telling) -> None:
    """Also by way of one that was revoked before; and the audit says how many."""
    tell(revoked_with_all)


class Overtaken(SqlAdministration):
    """Somebody revokes the token while it is making another."""

    before: Callable[[], Awaitable[Reply]]

    async def add_token(self, token: AdminToken, *, audit: Facts) -> AdminToken:
        await self.before()
        return await super().add_token(token, audit=audit)


async def revoked_while_minting(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    ann = await house.signed_in("ann")
    leaked, thief = await minted(house, ann)
    people = house.office.people
    assert isinstance(people, SqlAdministration)
    overtaken = Overtaken(people.database, people.acts)
    overtaken.before = lambda: ann(f"POST /tokens/{leaked}/revoke")
    late = House(house.office._replace(people=overtaken), house.clock, house.said)
    assert (await Caller(late.api, thief.headers)("POST /tokens", {"name": "t"})).problem == "not_signed_in"
    assert len((await ann.made("GET /tokens"))["data"]) == 1


def test_a_token_that_is_revoked_meanwhile_makes_no_other(tell: Telling) -> None:
    tell(revoked_while_minting)
