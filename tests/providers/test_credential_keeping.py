"""Credentials are renewed before they end, kept to their end where that fails, and outlive configurations."""

from __future__ import annotations

import asyncio
import threading

import pytest

from headworks.domain.config import AuthRule, AwsAuth, OAuthAuth
from headworks.providers.credentials.aside import aside
from headworks.providers.credentials.book import Book, ask
from headworks.providers.credentials.held import Held, Lease, Unobtainable
from headworks.providers.credentials.keeper import Keeper, State
from headworks.testing.clock import FrozenClock
from tests.providers.token_server import TokenServer

HOUR = 3600.0
RULE = OAuthAuth(token_url="https://sso/token", client_id="hw", client_secret="a-secret-of-the-test")
OTHER = OAuthAuth(token_url="https://other/token", client_id="hw", client_secret="a-secret-of-the-test")


class Half:
    """Chance that always says one half."""

    def random(self) -> float:
        return 0.5

    def getrandbits(self, k: int, /) -> int:
        return k


class Giver:
    """Gives tokens of one hour, numbered, unless told to fail."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.failing = ""
        self.asked: list[float] = []

    async def __call__(self, _rule: AuthRule | None = None) -> Lease:
        self.asked.append(self.clock.now() - 1000)
        if self.failing:
            raise Unobtainable(self.failing)
        return Lease(f"token-{len(self.asked)}", self.clock.wall_ns() / 1e9 + HOUR)


def keeping(clock: FrozenClock, giver: Giver) -> tuple[Keeper, list[str]]:
    said: list[str] = []
    return Keeper("lab", Held(clock.wall_ns), giver, clock, Half(), said.append), said


def test_a_credential_is_renewed_at_four_fifths_of_its_life() -> None:
    async def scene() -> None:
        clock = FrozenClock()
        giver = Giver(clock)
        keeper, said = keeping(clock, giver)
        task = asyncio.create_task(keeper.run())
        await clock.run(2 * HOUR)
        task.cancel()

        assert giver.asked == [0, 2880, 5760]
        assert keeper.held.token() == "token-3"
        assert said == []

    asyncio.run(scene())


def test_where_renewing_fails_the_old_one_counts_to_its_end_and_each_change_is_said_once() -> None:
    async def scene() -> None:
        clock = FrozenClock()
        giver = Giver(clock)
        keeper, said = keeping(clock, giver)
        task = asyncio.create_task(keeper.run())
        await clock.run(1)
        giver.failing = "the server is down"
        await clock.run(HOUR - 2)
        assert keeper.held.token() == "token-1"
        assert keeper.state is State.AGEING
        await clock.run(300)
        assert keeper.held.token() is None
        assert keeper.ends_in() == 0
        failures = keeper.failures
        giver.failing = ""
        await clock.run(60)
        task.cancel()

        assert keeper.held.token() is not None
        assert [line.partition(".")[0] for line in said] == [
            "credential of lab: cannot be had; the one there is ends in 720 s",
            "credential of lab: cannot be had",
            "credential of lab: had again",
        ]
        assert "the server is down" in said[0]
        assert 15 < failures < 40

    asyncio.run(scene())


def test_a_life_of_ages_is_not_slept_through() -> None:
    """The loop's own clock holds no such time, and whoever gave it may think again."""

    async def scene() -> None:
        clock = FrozenClock()

        async def give() -> Lease:
            return Lease("token", 1e300)

        keeper = Keeper("lab", Held(clock.wall_ns), give, clock, Half(), print)
        assert await keeper.renew() == 24 * HOUR
        assert keeper.held.token() == "token"

    asyncio.run(scene())


def test_failures_are_tried_again_ever_more_slowly() -> None:
    async def scene() -> None:
        clock = FrozenClock()
        giver = Giver(clock)
        giver.failing = "no"
        keeper, _ = keeping(clock, giver)

        pauses = [await keeper.renew() for _ in range(9)]

        assert pauses == [0.75 * pause for pause in (1, 2, 4, 8, 16, 32, 60, 60, 60)]

    asyncio.run(scene())


def test_what_has_ended_when_it_comes_is_no_credential() -> None:
    async def scene() -> None:
        clock = FrozenClock()
        said: list[str] = []

        async def stale() -> Lease:
            return Lease("old", clock.wall_ns() / 1e9 - 1)

        keeper = Keeper("lab", Held(clock.wall_ns), stale, clock, Half(), said.append)
        await keeper.renew()

        assert keeper.held.token() is None
        assert "is the clock of this machine right?" in said[0]

    asyncio.run(scene())


def test_a_book_keeps_what_is_wanted_over_changes_of_configuration_and_nothing_else() -> None:
    async def scene() -> None:
        clock = FrozenClock()
        giver = Giver(clock)
        book = Book(clock, Half(), [].append, giver)
        held = book.hold(RULE)
        book.keep({"one": RULE, "two": RULE})
        await clock.run(1)
        assert held.token() == "token-1"

        assert book.hold(RULE) is held
        book.hold(OTHER)
        book.keep({"one": RULE, "three": OTHER})
        await clock.run(1)
        assert giver.asked == [0, 1]
        assert sorted(book.gauges()) == ["one", "three"]

        book.keep({"three": OTHER})
        await clock.run(HOUR)
        assert len(giver.asked) == 3
        assert book.hold(RULE) is not held
        await book.close()

    asyncio.run(scene())


def test_a_start_waits_for_first_credentials_and_not_for_ever() -> None:
    async def scene() -> None:
        clock = FrozenClock()

        async def slow(_rule: AuthRule) -> Lease:
            await clock.sleep(HOUR)
            return Lease("late")

        book = Book(clock, Half(), [].append, slow)
        book.keep({"one": RULE})
        warming = asyncio.create_task(book.warm(2.0))
        await clock.run(3)
        assert warming.done()
        await book.close()

    asyncio.run(scene())


def test_a_source_that_hangs_holds_up_neither_the_loop_nor_another() -> None:
    async def scene() -> None:
        release = threading.Event()
        hanging = asyncio.create_task(aside(release.wait))
        assert await aside(lambda: "at once") == "at once"
        assert not hanging.done()
        release.set()
        assert await hanging

    asyncio.run(scene())


def test_what_a_source_raises_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(Unobtainable, match="ProfileNotFound"):
        asyncio.run(ask(AwsAuth(profile="there-is-no-such-profile"), FrozenClock().wall_ns))


def test_a_book_obtains_from_a_real_server() -> None:
    async def scene() -> None:
        given = {"access_token": "given", "expires_in": 60}
        with TokenServer(lambda _: (200, given)).running() as server:
            assert (
                await ask(OAuthAuth(token_url=server.url, client_id="c", client_secret="s"), FrozenClock().wall_ns)
            ).value == "given"

    asyncio.run(scene())
