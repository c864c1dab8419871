"""What bad providers, people in between and other sites try on the way in: each opens nothing, and is in the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from headworks.ports.records import EVERYWHERE, Page
from tests.admin.conftest import Telling
from tests.admin.house import House
from tests.admin.provider import Provider
from tests.admin.signing_in import AT, Browser, Scene, ask, query_of, scene
from tests.identity.issuers import elliptic, rsa

CALLBACK = "/login/corporate/callback"


async def nobody_came(its: Scene) -> None:
    """No session, no administrator; and the audit says that somebody tried."""
    assert not await its.house.office.people.administrators(Page(), reach=EVERYWHERE)
    assert {entry["outcome"] for entry in await its.audit("login.end")} == {"denied"}


TOKENS: dict[str, tuple[Callable[[Provider], object], str]] = {
    "another nonce": (lambda its: its.changes.update(nonce="x" * 43), "another sign-in"),
    "no nonce": (lambda its: its.changes.update(nonce=None), "another sign-in"),
    "another client's": (lambda its: its.changes.update(aud="somebody"), "'aud'"),
    "for several, and nobody in particular": (lambda its: its.changes.update(aud=["console", "x"]), "another client"),
    "for another client as well": (lambda its: its.changes.update(azp="somebody"), "another client"),
    "another issuer's": (lambda its: its.changes.update(iss="https://evil.example.com"), "issuer"),
    "of nobody": (lambda its: its.changes.update(sub=None), "whom"),
    "too old": (lambda its: its.changes.update(exp=its.now - 31), "expired"),
    "for ever": (lambda its: its.changes.update(exp=None), "'exp'"),
    "signed by nobody": (lambda its: setattr(its, "algorithm", "none"), "algorithm"),
    "signed with the public key": (lambda its: setattr(its, "algorithm", "HS256"), "algorithm"),
    "signed by somebody else": (lambda its: setattr(its, "key", elliptic(91)), "signature"),
    "signed with a kind of key that is not published": (lambda its: setattr(its, "key", rsa(91)), "no key"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_no_id_token_is_good_but_the_one_that_was_asked_for(tell: Telling, name: str) -> None:
    spoil, word = TOKENS[name]

    async def story(house: House) -> None:
        async with scene(house) as its:
            spoil(its.provider)
            browser = its.browser()
            refused = await browser.sign_in()
            assert refused.status == 401, refused
            assert word.replace("'", "&#x27;").encode() in refused.raw
            assert "headworks_session" not in browser.cookies
            await nobody_came(its)

    tell(story)


async def other_state(its: Scene, browser: Browser, back: str) -> str:
    del its, browser
    return back.replace("state=", "state=x")


async def no_state(its: Scene, browser: Browser, back: str) -> str:
    del its, browser
    return f"{CALLBACK}?code={query_of(back)['code']}"


async def no_cookie(its: Scene, browser: Browser, back: str) -> str:
    """Login CSRF: the victim's browser is sent to the end of the attacker's sign-in."""
    del its
    browser.cookies.clear()
    return back


async def other_browsers(its: Scene, browser: Browser, back: str) -> str:
    """The same, where the victim is about to sign in."""
    attacker = its.browser()
    del browser, back
    return await attacker.begin()


async def injected_code(its: Scene, browser: Browser, back: str) -> str:
    """A code of somebody else's in one's own sign-in: PKCE and the nonce tell."""
    del browser
    stolen = query_of(await its.browser().begin())["code"]
    return back.replace(query_of(back)["code"], stolen)


async def injected_code_without_pkce(its: Scene, browser: Browser, back: str) -> str:
    """The same at a provider that ignores PKCE: the nonce alone tells."""
    its.provider.checks_pkce = False
    return await injected_code(its, browser, back)


async def too_late(its: Scene, browser: Browser, back: str) -> str:
    del browser
    its.house.clock.advance(601)
    return back


async def forged_cookie(its: Scene, browser: Browser, back: str) -> str:
    name, value = next(iter(browser.cookies.items()))
    browser.cookies[name] = f"{value}{(await ask(its))['request']}"
    return back


async def mixed_up(its: Scene, browser: Browser, back: str) -> str:
    """Mix-up: the answer says that it is another provider's (RFC 9207)."""
    del its, browser
    return back.replace("iss=", "iss=https%3A%2F%2Fevil.example.com&x=")


async def unsigned_answer(its: Scene, browser: Browser, back: str) -> str:
    """And one that says nothing, where the provider always does."""
    del its, browser
    return back.partition("&iss=")[0]


async def error(its: Scene, browser: Browser, back: str) -> str:
    del its, browser
    return f"{CALLBACK}?error=access_denied&state={query_of(back)['state']}&iss={query_of(back)['iss']}"


async def twice(its: Scene, browser: Browser, back: str) -> str:
    """The first one fails, so that nobody has come in."""
    its.provider.changes["nonce"] = None
    await browser.get(back)
    its.provider.changes.clear()
    return back


Way = Callable[[Scene, Browser, str], Awaitable[str]]
WAYS: tuple[Way, ...] = (
    other_state, no_state, no_cookie, other_browsers, injected_code, injected_code_without_pkce, too_late, forged_cookie, mixed_up, unsigned_answer, error, twice,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_back_is_good_but_the_one_that_this_browser_has_begun(tell: Telling, way: Way) -> None:
    async def story(house: House) -> None:
        async with scene(house) as its:
            browser = its.browser()
            refused = await browser.get(await way(its, browser, await browser.begin()))
            assert refused.status == 401, refused
            assert refused.headers["content-type"].startswith("text/html")
            assert "headworks_session" not in browser.cookies
            await nobody_came(its)

    tell(story)


async def replayed(house: House) -> None:
    async with scene(house) as its:
        browser = its.browser()
        back = await browser.begin()
        assert (await browser.get(back)).status == 200
        bought = len(its.provider.redeemed)
        assert (await browser.get(back)).status == 401
        assert len(its.provider.redeemed) == bought, "the provider is not even asked"


def test_an_address_out_of_the_history_signs_nobody_in_again(tell: Telling) -> None:
    tell(replayed)


async def challenged(house: House) -> None:
    async with scene(house) as its:
        await its.browser().sign_in()
        (asked,), (bought,) = its.provider.asked, its.provider.redeemed
        assert len(asked["code_challenge"]) == len(bought["code_verifier"]) == 43
        assert bought["code_verifier"] not in str(asked)
        assert len({asked["state"], asked["nonce"], bought["code_verifier"]}) == 3


def test_the_verifier_is_shown_to_nobody_before_the_code_is_redeemed(tell: Telling) -> None:
    tell(challenged)


DOCUMENTS: dict[str, Callable[[Provider], object]] = {
    "somebody else's": lambda its: setattr(its, "says_it_is", "https://evil.example.com"),
    "with a token endpoint anybody can listen at": lambda its: its.endpoints.update(token_endpoint="http://192.0.2.1/token"),
    "with a page of another kind": lambda its: its.endpoints.update(authorization_endpoint="javascript:alert(1)"),
    "without one": lambda its: its.left_out.append("authorization_endpoint"),
    "not there": lambda its: setattr(its, "down", True),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_provider_whose_document_is_not_as_it_should_be_is_not_asked(tell: Telling, name: str) -> None:
    async def story(house: House) -> None:
        async with scene(house) as its:
            DOCUMENTS[name](its.provider)
            refused = await its.browser().get("/login/corporate")
            assert (refused.status, "location" in refused.headers) == (503, False)
            assert its.provider.asked == []
            (said,) = its.house.said
            assert "corporate" in said, "the operator is told why"

    tell(story)


async def hammered(house: House) -> None:
    async with scene(house) as its:
        its.provider.down = True
        for _ in range(3):
            assert (await its.browser().get("/login/corporate")).status == 503
        assert len(its.provider.fetched) == 1
        its.provider.down = False
        house.clock.advance(5)
        assert (await its.browser().sign_in()).status == 200


def test_a_provider_that_is_down_is_asked_again_only_after_a_pause(tell: Telling) -> None:
    """Each try takes a thread for some seconds, and anybody may try."""
    tell(hammered)


async def guessed(house: House) -> None:
    async with scene(house) as its:
        for turn in range(31):
            browser = its.browser()
            back = await browser.begin()
            refused = await browser.get(back.replace("code=", f"code={turn}-"))
            assert refused.status == (401 if turn < 30 else 429), turn
        assert len(its.provider.redeemed) == 30


def test_codes_that_nobody_gave_out_are_shown_to_the_provider_only_so_often(tell: Telling) -> None:
    tell(guessed)


ELSEWHERE = (
    "next=https://evil.example.com",
    "redirect_uri=https://evil.example.com",
    "port=50000&challenge=" + "c" * 43,
    "request=x",
    "request=e30." + "0" * 64,
)


@pytest.mark.parametrize("query", ELSEWHERE)
def test_no_request_says_where_to_be_sent(tell: Telling, query: str) -> None:
    async def story(house: House) -> None:
        async with scene(house) as its:
            refused = await its.browser().get(f"/login/corporate?{query}")
            assert (refused.status, "location" in refused.headers) == (422, False)

    tell(story)


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.example.com"])
def test_no_host_header_says_where_to_be_sent_back_to(tell: Telling, host: str) -> None:
    async def story(house: House) -> None:
        async with scene(house) as its:
            assert (await its.browser({"host": host}).get("/login/corporate")).status == 400
            reply = await its.browser({"host": "127.0.0.1:9"}).get("/login/corporate")
            assert query_of(reply.headers["location"])["redirect_uri"] == f"{AT}/admin/v1{CALLBACK}"

    tell(story)


async def unknown(house: House) -> None:
    async with scene(house, client_id="", audience="headworks-admin") as its:
        for path in ("/login/corporate", "/login/other", CALLBACK, "/login/..%2F"):
            assert (await its.browser().get(path)).status == 404
        assert (await its.house.anyone.made("GET /login"))["providers"] == []


def test_through_a_provider_that_is_not_configured_for_it_nobody_signs_in(tell: Telling) -> None:
    tell(unknown)


async def markup(house: House) -> None:
    async with scene(house) as its:
        its.provider.person["email"] = "<script>alert(1)</script>"
        page = await its.browser().sign_in()
        assert page.status == 200
        assert b"<script>alert" not in page.raw
        assert "default-src 'none'" in page.headers["content-security-policy"]
        back = await its.browser().begin()
        evil = await its.browser().get(f"{back}&error=%3Cscript%3E")
        assert b"<script>%" not in evil.raw
        assert b"&lt;script" not in evil.raw


def test_nothing_that_a_provider_says_becomes_part_of_a_page_as_markup(tell: Telling) -> None:
    tell(markup)


async def many_groups(house: House) -> None:
    async with scene(house) as its:
        its.provider.person["groups"] = [*(f"group-{number}" for number in range(500)), "platform-admins"]
        assert (await its.browser().sign_in()).status == 200


def test_somebody_of_many_groups_has_the_role_of_the_last_one(tell: Telling) -> None:
    tell(many_groups)
