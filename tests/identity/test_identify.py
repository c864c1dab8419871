"""The stage that finds out who calls: every entrance, every refusal, and no word of a secret."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.identity import make_key
from headworks.journey import Identify
from headworks.testing.samples import sample_call
from tests.identity.house import House, in_house, snapshot
from tests.identity.issuers import URL, FakeIssuer, elliptic, signed, trusted
from tests.identity.records import key_of

HEADERS = [b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"]


class Stop(Exception):
    """The stages behind are not this test's."""

    def __init__(self, principal: Principal | None) -> None:
        super().__init__()
        self.principal = principal


async def proceed(call: Call) -> Reply:
    raise Stop(call.principal)


def call_with(house: House, headers: dict[bytes, bytes]) -> Call:
    return sample_call(at=house.clock.wall_ns(), headers=headers, snapshot=house.snapshot, peer="192.0.2.9", principal=None)


async def identified(house: House, headers: dict[bytes, bytes]) -> Principal | None:
    try:
        await Identify(house.directory)(call_with(house, headers), proceed)
    except Stop as stop:
        return stop.principal
    raise AssertionError("nobody proceeded")


def presented(header: bytes, key: bytes) -> dict[bytes, bytes]:
    return {header: b"Bearer " + key if header == b"authorization" else key}


@pytest.mark.parametrize("header", HEADERS)
def test_a_key_of_the_records_is_accepted_in_every_header(header: bytes) -> None:
    async def act(house: House) -> None:
        cold = await identified(house, presented(header, house.key))
        warm = await identified(house, presented(header, house.key))

        assert cold is not None
        assert cold is warm
        assert cold.id == house.record.id

    in_house(act)


@pytest.mark.parametrize("header", HEADERS)
def test_a_revoked_key_is_refused_in_every_header(header: bytes) -> None:
    """A restriction that only one header knows of is none."""

    async def act(house: House) -> None:
        await house.find()
        house.records.change_key(house.record.id, revoked_at=1)
        await house.look()
        with pytest.raises(Fault, match="invalid_api_key"):
            await identified(house, presented(header, house.key))

    in_house(act)


def test_a_key_that_is_remembered_is_refused_from_the_instant_of_its_end_on() -> None:
    """Nothing changes at that instant, so no news of it comes."""

    async def act(house: House) -> None:
        key, record = key_of(house.org, "short", revoked_at=house.clock.wall_ns() + 10**9)
        house.records.put_key(record)
        await house.look()
        assert await identified(house, presented(b"x-api-key", key)) is not None
        house.clock.advance(0.74)
        await house.directory.feed.look()
        assert await identified(house, presented(b"x-api-key", key)) is not None
        house.clock.advance(0.01)
        await house.directory.feed.look()
        with pytest.raises(Fault, match="expired"):
            await identified(house, presented(b"x-api-key", key))

    in_house(act)


def test_the_address_of_who_guesses_reaches_the_directory() -> None:
    async def act(house: House) -> None:
        for number in range(60):
            with pytest.raises(Fault, match="invalid_api_key"):
                await identified(house, presented(b"api-key", f"sk-{number}".encode()))
        with pytest.raises(Fault, match="rate_limit_exceeded"):
            await identified(house, presented(b"api-key", b"sk-60"))

    in_house(act)


def test_no_secret_is_in_any_refusal_log_line_or_repr(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Keys and tokens, good and bad, through everything that can go wrong with them; then a search for every part of them."""
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    issuer = FakeIssuer()
    secrets: list[bytes] = []

    async def refused(house: House, key: bytes) -> None:
        secrets.append(key)
        with pytest.raises(Fault) as refusal:
            await identified(house, presented(b"authorization", key))
        told.append("".join(traceback.format_exception(refusal.value)) + refusal.value.detail + repr(refusal.value))

    async def act() -> None:
        house = House(fetch=issuer.fetch)
        house.snapshot = snapshot(issuers={URL: trusted()})
        said: list[str] = []
        await house.directory.feed.look()
        wall = house.clock.wall_ns() / 1e9
        claims = {"iss": URL, "aud": "other", "sub": "alice@example.com", "exp": wall + 60}
        token = issuer.token(wall)
        secrets.extend((house.key, token))
        holders = [await house.find(), await house.find(token)]
        told.extend(map(repr, (*holders, house.record, house.directory, house.directory._entries, house.directory._judge)))
        await refused(house, make_key().encode())
        await refused(house, house.key[:-1] + b"?")
        await refused(house, b"sk-somebody-elses-secret-0123456789")
        await refused(house, signed(claims, elliptic(), "k1"))
        await refused(house, signed(claims, elliptic(3), "k1"))
        await refused(house, issuer.token(wall - 9_000))
        house.records.gone = True
        house.clock.advance(2)
        following = asyncio.create_task(house.directory.feed.follow(said.append))
        await house.clock.run(1)
        following.cancel()
        await refused(house, house.key)
        await refused(house, token)
        told.extend(said)

    asyncio.run(act())
    out, err = capfd.readouterr()
    heard = "\n".join((*told, caplog.text, out, err))
    assert len(told) > 10
    for secret in secrets:
        text = secret.decode()
        parts = [text[11:], *text.split(".")[1:]] if text.count(".") == 2 else [text[11:]]
        assert not [part for part in parts if part in heard]
    assert "alice" not in heard
    assert "hunter2" not in heard
