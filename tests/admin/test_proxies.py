"""Behind a proxy that ends TLS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path

import pytest
from starlette.requests import Request

from headworks.control.admin.attempts import PER_NAME_AND_PEER
from headworks.control.admin.proxies import sender_of
from headworks.domain.administration import EVERYTHING, Role
from headworks.stores.sql.engine import Database
from headworks.testing.clock import FrozenClock
from headworks.wiring.administration import open_door
from tests.admin.conftest import Telling
from tests.admin.house import PASSWORD, Caller, House, browser

PROXY = "10.0.0.5"
OVER_TLS = {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}
ASKED = {"name": "ann", "password": PASSWORD}


def behind(proxies: str) -> Callable[[Callable[[House], Awaitable[None]]], Callable[[House], Awaitable[None]]]:
    """A story of a house that believes proxies there."""

    def told(story: Callable[[House], Awaitable[None]]) -> Callable[[House], Awaitable[None]]:
        async def tell(house: House) -> None:
            await house.person((Role.OWNER, EVERYTHING), name="ann")
            await story(House(house.office._replace(proxies=(ip_network(proxies),)), house.clock, house.said))

        return tell

    return told


@behind("10.0.0.0/24")
async def signed_in_over_tls(house: House) -> None:
    reply = await Caller(house.api, OVER_TLS, f"::ffff:{PROXY}")("POST /session", ASKED)
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-headworks_session=")
    assert "; Path=/; Secure; " in cookie
    assert "Domain" not in cookie
    there = browser(house.api, reply)
    assert (await Caller(house.api, OVER_TLS | there.headers, PROXY)("GET /me")).status == 200
    assert (await there("GET /me")).problem == "not_signed_in", "what belongs to TLS is not taken without"


def test_behind_a_proxy_that_ends_tls_cookies_are_secure_and_of_this_host_only(tell: Telling) -> None:
    tell(signed_in_over_tls)


@behind("10.0.0.5/32")
async def addresses_told(house: House) -> None:
    wrong = ASKED | {"password": "a guess"}
    for number in range(PER_NAME_AND_PEER + 1):
        way = {"x-forwarded-for": f"203.0.113.{number}, 192.0.2.66"}  # the first was written by whoever asks
        reply = await Caller(house.api, way, PROXY)("POST /session", wrong)
        assert (reply.status == 429) == (number == PER_NAME_AND_PEER)
    assert (await Caller(house.api, {"x-forwarded-for": "192.0.2.7"}, PROXY)("POST /session", ASKED)).status == 201


def test_tries_are_counted_by_the_address_that_the_proxy_saw(tell: Telling) -> None:
    tell(addresses_told)


@behind("10.0.0.5/32")
async def strangers(house: House) -> None:
    reply = await Caller(house.api, OVER_TLS, "10.0.0.6")("POST /session", ASKED)
    assert "Secure" not in reply.headers["set-cookie"]
    session = (await browser(house.api, reply).made("GET /sessions"))["data"][0]
    assert session["peer"] == "10.0.0.6"


def test_what_others_say_of_themselves_is_not_believed(tell: Telling) -> None:
    tell(strangers)


@pytest.mark.parametrize(
    ("told", "peer"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),  # as Azure's gateways write it
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8::443", "2001:db8::443"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.0.0.9:8443", "203.0.113.7"),
        ("203.0.113.7, [::ffff:10.0.0.9]:8443", "203.0.113.7"),
        ("203.0.113.7,, ", "203.0.113.7"),
        ("203.0.113.7:https", "203.0.113.7:https"),
        ("unknown", "unknown"),
        ("", "10.0.0.5"),
    ],
)
def test_a_forwarded_address_is_read_with_and_without_a_port(told: str, peer: str) -> None:
    headers = [(b"x-forwarded-for", told.encode())]
    request = Request({"type": "http", "scheme": "http", "client": (PROXY, 40_000), "headers": headers})
    assert sender_of(request, [ip_network("10.0.0.0/24")]).peer == peer


def test_a_proxy_that_is_no_address_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWORKS_CONTROL_PROXIES", "10.0.0.5, my-proxy")
    with pytest.raises(ValueError, match=r"HEADWORKS_CONTROL_PROXIES.*'my-proxy'.*10\.0\.0\.5"):
        open_door(Database(f"sqlite:///{tmp_path / 'h.db'}"), tmp_path, [], FrozenClock())
