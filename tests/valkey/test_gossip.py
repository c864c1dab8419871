"""Gateways that tell each other what they have sent where, over a real server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from headworks.balancing.load import LoadBook
from headworks.balancing.prefix import PrefixIndex
from headworks.domain.envelope import Envelope
from headworks.domain.snapshot import ClusterSettings
from headworks.stores.valkey import Broadcast, read_address
from headworks.testing.valkey import Server
from headworks.wiring.gossip import start_gossip
from tests.valkey.rig import CLOCK, run, until

TARGET = "replica/m"


def sent(book: LoadBook, tokens: int) -> None:
    book.follow(TARGET, Envelope(prompt_tokens=tokens, streamed=True, blocks=(7,)), 0.0, 0.0).sent()


def books(number: int) -> list[LoadBook]:
    """Of gateways that all choose among the same."""
    made = [LoadBook(CLOCK, PrefixIndex()) for _ in range(number)]
    for book in made:
        book.of(TARGET)
    return made


def knows(book: LoadBook) -> bool:
    return bool(book.of(TARGET).queue(CLOCK.now())) and book.index.matches((7,), [TARGET]) == [1]


def test_all_others_hear_of_what_one_has_sent(server: Server) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            all_of_them = books(3)
            for number, book in enumerate(all_of_them):
                start_gossip(ClusterSettings(url=server.url), f"gateway-{number}", book, CLOCK, stack)
            await until(lambda: all(book.tells for book in all_of_them))
            sent(all_of_them[0], 10**9)

            await until(lambda: all(map(knows, all_of_them)))

    run(scene())


def test_a_server_that_comes_back_is_used_again(server: Server) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            one, two = books(2)
            for number, book in enumerate((one, two)):
                start_gossip(ClusterSettings(url=server.url), f"gateway-{number}", book, CLOCK, stack)
            await until(lambda: one.tells and two.tells)
            server.stop()
            server.start()
            sent(one, 10**9)

            await until(lambda: knows(two))

    run(scene())


def test_databases_of_one_server_are_told_apart(server: Server) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            here, there, beside = books(3)
            for name, book, url in (
                ("here", here, server.url),
                ("there", there, f"{server.url}?database=3"),
                ("beside", beside, server.url),
            ):
                start_gossip(ClusterSettings(url=url), name, book, CLOCK, stack)
            await until(lambda: here.tells and there.tells and beside.tells)
            sent(here, 10**9)
            await until(lambda: knows(beside))

            assert not there.of(TARGET).others

    run(scene())


def test_a_server_that_is_not_there_is_told_once(server: Server) -> None:
    async def scene() -> None:
        server.stop()
        told = list[str]()
        broadcast = Broadcast(read_address(server.url), "c", CLOCK, 0.01)
        running = asyncio.create_task(broadcast.run(lambda: None, lambda _: None, told.append))
        await until(lambda: broadcast.trouble)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert len(told) == 1
        assert "can't tell each other" in told[0]

    run(scene())
