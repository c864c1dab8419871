"""The control process over a journal that is being written."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import cast

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from headworks.control.admin.door import AdminDoor
from headworks.exporters.sockets import TellingSocket, socket_path
from headworks.stores.journal import SegmentedJournal, audit
from tests.control.serving import eventually, gauges, running_control
from tests.journal.writing import abandon, begin, end, exchanges_in, journal_in, name


def write(journal: SegmentedJournal, *numbers: int) -> None:
    """These exchanges, whole."""
    for number in numbers:
        journal.begin(begin(number))
        journal.end(end(number))


def test_exchanges_are_counted_and_logged_as_they_end(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)

    async def scene() -> None:
        async with running_control(tmp_path) as control:
            write(journal, 1, 2)
            await control.counted(2)
            write(journal, 3)
            await control.counted(3)
            await eventually(lambda: len(control.output.lines) == 3)

    asyncio.run(scene())
    journal.close()


def test_what_ends_last_is_logged_before_it_stops(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)

    async def scene() -> list[bytes]:
        async with running_control(tmp_path) as control:
            await control.counted(0)
            write(journal, *range(500))
        return control.output.lines

    assert len(asyncio.run(scene())) == 500
    journal.close()


def test_after_a_restart_nothing_is_logged_twice_and_nothing_is_left_out(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=2000)

    async def scene() -> list[str]:
        seen: list[bytes] = []
        for round_ in range(3):
            async with running_control(tmp_path) as control:
                await control.counted(0 if round_ == 0 else 5)
                write(journal, *range(round_ * 10, round_ * 10 + 5))
                await control.counted(5 if round_ == 0 else 10)
            seen += control.output.lines
            write(journal, *range(round_ * 10 + 5, round_ * 10 + 10))
        return [msgspec.json.decode(line)["id"] for line in seen]

    assert asyncio.run(scene()) == [name(number) for number in range(25)]
    journal.close()


def test_after_a_restart_the_metrics_count_what_no_scrape_had_shown(tmp_path: Path) -> None:
    """A counter that begins again at nothing is read as such: what was scraped is not added a second time, what was not is."""
    journal = journal_in(tmp_path)

    async def scene() -> None:
        async with running_control(tmp_path) as control:
            write(journal, 1, 2, 3)
            await control.counted(3)
            write(journal, 4)
            await eventually(lambda: len(control.output.lines) == 4)
        write(journal, 5)
        async with running_control(tmp_path) as control:
            await control.counted(2)

    asyncio.run(scene())
    journal.close()


def test_what_a_killed_gateway_left_open_is_ended_counted_and_logged(tmp_path: Path) -> None:
    dead = journal_in(tmp_path)
    dead.begin(begin(1))
    abandon(dead)

    async def scene() -> None:
        async with running_control(tmp_path) as control:
            await control.counted(1)
            await eventually(lambda: len(control.output.lines) == 1)
            assert b'"ending":"killed"' in control.output.written
            assert any("1 exchange open" in line for line in control.said)

    asyncio.run(scene())
    assert audit(tmp_path).sound
    assert [exchange.id for exchange in exchanges_in(tmp_path)] == [name(1)]


def test_it_is_ready_when_a_gateway_is(tmp_path: Path) -> None:
    async def scene() -> None:
        state = {"ready": False}
        door = TellingSocket(socket_path(tmp_path, os.getpid()), lambda: gauges(ready=state["ready"]))
        async with running_control(tmp_path) as control:
            assert (await control.get("/livez")).status == 200
            assert (await control.get("/readyz")).status == 503
            await door.open()
            assert (await control.get("/readyz")).status == 503
            state["ready"] = True
            answer = await control.get("/readyz")
            assert answer.status == 200
            assert msgspec.json.decode(answer.body)["gateways"][0]["inflight"] == 2
            await door.close()

    asyncio.run(scene())


def test_the_front_page_says_how_things_are_to_people_and_machines(tmp_path: Path) -> None:
    async def scene() -> None:
        door = TellingSocket(socket_path(tmp_path, os.getpid()), lambda: gauges(revision="<r1>", health={"a/b": 0.0}))
        await door.open()
        async with running_control(tmp_path) as control:
            facts = msgspec.json.decode((await control.get("/")).body)
            page = await control.get("/", "accept: text/html")
        await door.close()
        assert facts["gateways"][0]["targets_down"] == ["a/b"]
        assert facts["projections"]["metrics"]["behind_bytes"] == 0
        assert "text/html" in page.head
        assert "&lt;r1&gt;" in page.body

    asyncio.run(scene())


def test_the_metrics_page_has_the_type_that_prometheus_wants(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_control(tmp_path) as control:
            answer = await control.get("/metrics")
            assert "content-type: text/plain; version=0.0.4; charset=utf-8" in answer.head.lower()
            assert 'headworks_build_info{python="' in answer.body

    asyncio.run(scene())


def test_a_journal_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_control(tmp_path / "later") as control:
            await control.counted(0)
            journal = journal_in(tmp_path / "later")
            write(journal, 1)
            await control.counted(1)
            journal.close()

    asyncio.run(scene())


class Mirror:
    """In place of the admin API: tells who asks, as it sees it."""

    def __init__(self) -> None:
        self.routes = (Route("/peer", self._tell),)

    async def _tell(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.client.host if request.client else ''} by {request.url.scheme}")

    async def run(self, _prepare: object) -> None:
        await asyncio.Event().wait()


def test_what_a_request_says_of_where_it_comes_from_is_not_believed_unasked(tmp_path: Path) -> None:
    async def scene() -> str:
        async with running_control(tmp_path, admin=cast("AdminDoor", Mirror())) as control:
            return (await control.get("/peer", "x-forwarded-for: 203.0.113.9", "x-forwarded-proto: https")).body

    assert asyncio.run(scene()) == "127.0.0.1 by http"
