"""A command line that waits for somebody to sign in in a browser: it must be theirs, and they must have said so."""

from __future__ import annotations

import pytest

from headworks.ports.records import EVERYWHERE, Page
from tests.admin.conftest import Telling
from tests.admin.house import House, Reply
from tests.admin.signing_in import Scene, ask, query_of, scene

VERIFIER = "v" * 43


async def redeemed(its: Scene, ticket: str, verifier: str = VERIFIER) -> Reply:
    return await its.house.anyone("POST /login", {"ticket": ticket, "verifier": verifier})


async def confirmed(its: Scene) -> str:
    """The ticket of somebody who signs in and says yes."""
    browser = its.browser()
    page = await browser.sign_in(f"?request={(await ask(its))['request']}")
    return query_of((await browser.decide(page, granted=True)).body["location"])["ticket"]


async def phished(house: House) -> None:
    async with scene(house) as its:
        asked = await ask(its)
        victim = its.browser()
        page = await victim.sign_in(f"?request={asked['request']}")
        assert (page.status, "location" in page.headers) == (200, False), "nothing leaves by itself"
        assert "headworks_session" not in victim.cookies
        for told in (asked["code"], "headworks on laptop", "ann@example.com"):
            assert told.encode() in page.raw
        assert b"ticket" not in page.raw
        denied = await victim.decide(page, granted=False)
        assert denied.body == {"location": "http://127.0.0.1:50000/?error=access_denied"}
        assert (await victim.decide(page, granted=True)).problem == "not_signed_in", "that was decided"
        (said, _) = await its.audit("login.decide")
        assert (said["why"], said["client"]) == ("not_confirmed", "headworks on laptop")
        another = its.browser()
        page = await another.sign_in(f"?request={asked['request']}")
        assert (await another.decide(page, granted=True)).problem == "not_signed_in", "the link is used up for everybody"


def test_who_is_sent_a_link_to_sign_in_with_gives_nothing_away_unless_they_say_so(tell: Telling) -> None:
    """Phishing as with device codes: the attacker makes the link, the victim signs in."""
    tell(phished)


async def own(house: House) -> None:
    async with scene(house) as its:
        ticket = await confirmed(its)
        assert (await redeemed(its, ticket, "w" * 43)).problem == "not_signed_in"
        assert (await redeemed(its, ticket[:-1] + ("0" if ticket[-1] != "0" else "1"))).problem == "not_signed_in"
        good = await redeemed(its, ticket)
        assert (good.status, good.body["name"]) == (201, "ann@example.com")
        assert (await redeemed(its, ticket)).problem == "not_signed_in"
        late = await confirmed(its)
        house.clock.advance(61)
        assert (await redeemed(its, late)).problem == "not_signed_in"
        (person,) = await its.house.office.people.administrators(Page(), reach=EVERYWHERE)
        forged = f"{person.id}.{house.clock.wall_ns() + 10**10}.{'c' * 43}.{'0' * 64}"
        assert (await redeemed(its, forged)).problem == "not_signed_in"


def test_a_ticket_for_the_command_line_is_good_once_and_for_whoever_asked_for_it(tell: Telling) -> None:
    tell(own)


async def changed_meanwhile(house: House) -> None:
    async with scene(house) as its:
        ticket = await confirmed(its)
        owner = await its.house.owner()
        person = await its.house.office.people.administrator_by_name("ann@example.com")
        assert person is not None
        assert (await owner(f"DELETE /administrators/{person.id}/identity", headers={"if-match": "*"})).status == 204
        assert (await redeemed(its, ticket)).problem == "not_signed_in"


def test_a_ticket_is_worth_nothing_once_its_holder_may_not_come_through_the_provider_any_more(tell: Telling) -> None:
    tell(changed_meanwhile)


async def by_another_page(house: House) -> None:
    async with scene(house) as its:
        victim, attacker = its.browser(), its.browser()
        page = await victim.sign_in(f"?request={(await ask(its))['request']}")
        await attacker.begin(f"?request={(await ask(its))['request']}")
        assert (await attacker.decide(page, granted=True)).problem == "not_signed_in", "another browser's cookie"
        for headers in ({"origin": "https://evil.example.com"}, {"sec-fetch-site": "cross-site"}):
            assert (await victim.decide(page, granted=True, headers=headers)).problem == "origin_refused"
        forged = page._replace(raw=page.raw.replace(b'value="adm_', b'value="adm_0'))
        assert (await victim.decide(forged, granted=True)).problem == "not_signed_in"
        house.clock.advance(121)
        assert (await victim.decide(page, granted=True)).problem == "not_signed_in", "too late"


def test_no_other_page_says_yes_for_somebody(tell: Telling) -> None:
    tell(by_another_page)


async def waits_no_longer(house: House) -> None:
    async with scene(house) as its:
        request = (await ask(its))["request"]
        house.clock.advance(601)
        assert (await its.browser().get(f"/login/corporate?request={request}")).status == 422


def test_a_link_is_good_for_ten_minutes(tell: Telling) -> None:
    tell(waits_no_longer)


async def again_and_again(house: House) -> None:
    async with scene(house) as its:
        codes = {(await ask(its))["code"] for _ in range(30)}
        assert len(codes) == 30
        asked = {"port": 50_000, "challenge": "c" * 43, "client": "x"}
        refused = await its.house.anyone("POST /login/corporate", asked)
        assert (refused.status, refused.headers["retry-after"] > "0") == (429, True)


def test_nobody_asks_until_their_code_is_that_of_somebody_who_waits(tell: Telling) -> None:
    tell(again_and_again)


async def many_tries(house: House) -> None:
    async with scene(house) as its:
        for turn in range(31):
            reply = await its.house.anyone("POST /login/corporate/decision", {"confirmation": f"{turn}", "granted": True})
            assert reply.status == (401 if turn < 30 else 429)


def test_confirmations_are_not_guessed_without_end(tell: Telling) -> None:
    tell(many_tries)


WRONG = (
    {"port": 80},
    {"port": "50000@evil.example.com"},
    {"challenge": "x"},
    {"client": "x" * 101},
    {"client": "\u202etpircs"},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_a_command_line_says_of_itself_is_read_strictly(tell: Telling, wrong: dict[str, object]) -> None:
    async def story(house: House) -> None:
        async with scene(house) as its:
            asked = {"port": 50_000, "challenge": "c" * 43, "client": "x"} | wrong
            assert (await its.house.anyone("POST /login/corporate", asked)).problem == "invalid"

    tell(story)


async def markup(house: House) -> None:
    async with scene(house) as its:
        asked = {"port": 50_000, "challenge": "c" * 43, "client": "<script>alert(1)</script>"}
        request = (await its.house.anyone.made("POST /login/corporate", asked))["request"]
        page = await its.browser().sign_in(f"?request={request}")
        assert b"<script>alert" not in page.raw
        assert b"&lt;script&gt;alert" in page.raw
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_what_a_command_line_calls_itself_is_no_markup(tell: Telling) -> None:
    tell(markup)
