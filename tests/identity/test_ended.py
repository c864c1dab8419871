"""What the holder of a key is told that opens nothing any more, and what operators find of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.records import PartyKind
from headworks.identity.keys import make_key, prefix_of
from tests.identity.house import House, in_house
from tests.identity.records import below, key_of

PAST = 10**9
KEYS: list[tuple[Mapping[str, object], str, str]] = [
    ({"revoked_at": PAST}, "was revoked at 1970-01-01T00:00:01Z", "It was revoked at"),
    ({"revoked_at": PAST, "replaced_by": "key_new"}, "Another one has taken its place", "replaced by key_new"),
    ({"expires_at": PAST}, "expired at 1970-01-01T00:00:01Z", "It expired at"),
]
TEAMS: list[tuple[Mapping[str, object], str, str]] = [
    ({"disabled": True}, "The team that this API key belongs to is disabled", "The team secret project"),
    ({"expires_at": PAST}, "The team that this API key belongs to expired at", "The team secret project"),
]


async def refused(house: House, key: bytes) -> Fault:
    with pytest.raises(Fault) as refusal:
        await house.directory.find(key, house.snapshot, "192.0.2.1")
    assert refusal.value.code == "invalid_api_key"
    return refusal.value


@pytest.mark.parametrize(("changes", "told", "detail"), KEYS)
def test_the_holder_of_a_key_is_told_what_became_of_it(changes: Mapping[str, object], told: str, detail: str) -> None:
    async def act(house: House) -> None:
        house.records.change_key(house.record.id, **changes)
        await house.look()
        for _ in range(70):  # more than an address may guess
            fault = await refused(house, house.key)
            assert told in fault.message
            assert detail in fault.detail
            assert house.record.id in fault.detail
            assert house.record.id not in fault.message
        assert house.records.asked.count("key") == 1, "it is remembered as any other that opens nothing"

    in_house(act)


@pytest.mark.parametrize(("changes", "told", "detail"), TEAMS)
def test_what_ended_above_a_key_is_told_without_its_name(changes: Mapping[str, object], told: str, detail: str) -> None:
    async def act(house: House) -> None:
        team = house.records.put_party(below(house.org, PartyKind.TEAM, "secret project"))
        key, record = key_of(team, "deep")
        house.records.put_key(record)
        house.records.change_party(team.id, **changes)
        await house.look()
        fault = await refused(house, key)
        assert told in fault.message
        assert "secret project" not in fault.message
        assert detail in fault.detail

    in_house(act)


def test_who_has_not_all_of_the_key_learns_nothing_of_it() -> None:
    async def act(house: House) -> None:
        house.records.change_key(house.record.id, revoked_at=PAST)
        await house.look()
        fault = await refused(house, house.key[:-1] + b"0")
        assert "not known" in fault.message
        assert house.record.id not in fault.detail

    in_house(act)


def test_an_open_door_lets_in_whoever_holds_a_key_that_has_ended() -> None:
    async def act(house: House) -> None:
        house.records.change_key(house.record.id, revoked_at=PAST)
        await house.look()
        assert await house.directory.find(house.key, msgspec.structs.replace(house.snapshot, open_door=True)) is None

    in_house(act)


NOBODYS = [
    (b"sk-proj-of-a-provider", "does not begin like a key made here"),
    (b"hw-cut", "has 60 characters, not 6"),
    (b"eyJhbGciOiJFUzI1NiJ9.e30.x", "no issuer of any is trusted"),
]


@pytest.mark.parametrize(("key", "looks"), NOBODYS)
def test_operators_find_what_a_key_looked_like_that_nobody_holds_and_nothing_of_it(key: bytes, looks: str) -> None:
    async def act(house: House) -> None:
        for _ in range(2):
            fault = await refused(house, key)
            assert looks in fault.detail
            assert key.decode() not in fault.detail
            assert key.decode() not in fault.message

    in_house(act)


def test_operators_find_the_beginning_of_a_key_that_was_removed() -> None:
    async def act(house: House) -> None:
        key = make_key()
        fault = await refused(house, key.encode())
        assert f"nobody holds {prefix_of(key)}…" in fault.detail
        assert key[:12] not in fault.detail
        misspelt = await refused(house, f"{key[:-1]}{'0' if key[-1] != '0' else '1'}".encode())
        assert "misspelt" in misspelt.detail

    in_house(act)
