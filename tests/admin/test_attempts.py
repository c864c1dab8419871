"""Guessing passwords is slow, and keeps nobody else out."""

from __future__ import annotations

from headworks.control.admin.attempts import PER_NAME, PER_NAME_AND_PEER, PER_PEER, Attempts
from headworks.control.admin.setup import offer_setup
from headworks.domain.administration import EVERYTHING, Role
from headworks.testing.clock import FrozenClock
from tests.admin.conftest import Telling
from tests.admin.house import PASSWORD, Caller, House


async def besieged(house: House) -> None:
    await house.person((Role.OWNER, EVERYTHING), name="ann")
    stranger, at_home = Caller(house.api, peer="192.0.2.66"), Caller(house.api, peer="192.0.2.7")
    guess = {"name": "ann", "password": "a guess"}
    guesses = [(await stranger("POST /session", guess)).problem for _ in range(PER_NAME_AND_PEER + 1)]
    assert guesses == ["not_signed_in"] * PER_NAME_AND_PEER + ["too_many"]
    assert (await at_home("POST /session", {"name": "ann", "password": PASSWORD})).status == 201


def test_wrong_passwords_from_elsewhere_do_not_keep_their_owner_out(tell: Telling) -> None:
    tell(besieged)


def test_an_address_that_a_name_has_signed_in_from_is_not_kept_out_by_any_number_of_others() -> None:
    attempts = Attempts(FrozenClock())
    attempts.failed("ann", "home")
    attempts.succeeded("ann", "home")
    for number in range(PER_NAME):
        assert not attempts.wait("Ann", f"bot {number}")
        attempts.failed("Ann", f"bot {number}")
    assert attempts.wait("ann", "bot of another net"), "a net of robots does not guess for ever"
    assert not attempts.wait("ann", "home")
    assert not attempts.wait("bob", "bot of another net")
    for _ in range(PER_NAME_AND_PEER):
        attempts.failed("ann", "home")
    assert attempts.wait("ann", "home"), "what is known may not guess either"


def test_who_has_an_account_cannot_guess_others_passwords_by_signing_in_between() -> None:
    attempts = Attempts(FrozenClock())
    for number in range(PER_PEER):
        attempts.failed("mallory", "there")
        attempts.succeeded("mallory", "there")
        assert not attempts.wait(f"victim {number}", "there")
        attempts.failed(f"victim {number}", "there")
    assert attempts.wait("another victim", "there")


def test_all_ipv6_addresses_of_one_network_are_one_place() -> None:
    """Whoever has one of them has 2⁶⁴."""
    attempts = Attempts(FrozenClock())
    for number in range(PER_NAME_AND_PEER):
        attempts.failed("ann", f"2001:db8::{number:x}")
    assert attempts.wait("ann", "2001:db8::ffff")
    assert not attempts.wait("ann", "2001:db8:0:1::1")


def test_an_ipv4_address_is_the_same_however_it_is_written() -> None:
    attempts = Attempts(FrozenClock())
    for _ in range(PER_NAME_AND_PEER):
        attempts.failed("ann", "::ffff:192.0.2.7")
    assert attempts.wait("ann", "192.0.2.7")
    assert not attempts.wait("ann", "192.0.2.8")


def test_signing_in_from_many_places_is_no_guessing() -> None:
    attempts = Attempts(FrozenClock())
    for number in range(2 * PER_NAME):
        assert not attempts.wait("robot", f"runner {number}")
        attempts.failed("robot", f"runner {number}")
        attempts.succeeded("robot", f"runner {number}")


async def wrong_links(house: House) -> None:
    link = (await offer_setup(house.office)).partition("#")[2]
    stranger, owner = Caller(house.api, peer="192.0.2.66"), Caller(house.api, peer="192.0.2.7")
    asked = {"link": "a guess", "name": "ann", "password": PASSWORD}
    for _ in range(PER_PEER):
        assert (await stranger("POST /setup", asked)).problem == "not_allowed"
    assert (await stranger("POST /setup", asked)).problem == "too_many"
    assert (await owner("POST /setup", asked | {"link": link})).status == 201


def test_wrong_setup_links_from_elsewhere_do_not_keep_the_first_administrator_out(tell: Telling) -> None:
    tell(wrong_links)
