"""The control plane asks the gateways how they are."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headworks.control.gauges import ask_gateways
from headworks.domain.gauges import Gauges
from headworks.exporters.sockets import TellingSocket, socket_path
from tests.control.serving import gauges


def test_every_gateway_answers_for_itself(tmp_path: Path) -> None:
    async def scene() -> None:
        sockets = [
            TellingSocket(socket_path(tmp_path, pid), lambda pid=pid: gauges(pid=pid, health={"a/b": 0.5})) for pid in (11, 12)
        ]
        for each in sockets:
            await each.open()

        census = await ask_gateways(tmp_path)

        assert [gateway.pid for gateway in census.gateways] == [11, 12]
        assert census.gateways[0] == gauges(pid=11, health={"a/b": 0.5})
        assert census.silent == 0
        for each in sockets:
            await each.close()

    asyncio.run(scene())
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_ask(tmp_path: Path) -> None:
    async def scene() -> None:
        path = socket_path(tmp_path, 11)
        door = TellingSocket(path, gauges)
        await door.open()
        assert path.stat().st_mode & 0o077 == 0
        await door.close()

    asyncio.run(scene())


def test_a_gateway_that_lives_and_does_not_answer_is_counted(tmp_path: Path) -> None:
    async def scene() -> None:
        async def stare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_unix_server(stare, socket_path(tmp_path, os.getpid()))
        census = await ask_gateways(tmp_path, patience=0.05)
        assert (list(census.gateways), census.silent) == ([], 1)
        server.close()

    asyncio.run(scene())


def test_what_a_dead_gateway_left_is_taken_away(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    path = socket_path(tmp_path, int(dead.stdout))
    path.touch()

    census = asyncio.run(ask_gateways(tmp_path))

    assert (list(census.gateways), census.silent) == ([], 0)
    assert not path.exists()


def test_a_socket_left_by_a_process_of_the_same_number_is_replaced(tmp_path: Path) -> None:
    async def scene() -> None:
        path = socket_path(tmp_path, 11)
        path.touch()
        door = TellingSocket(path, gauges)
        await door.open()
        assert len((await ask_gateways(tmp_path)).gateways) == 1
        await door.close()

    asyncio.run(scene())


def test_a_name_too_long_for_a_socket_says_what_to_do(tmp_path: Path) -> None:
    door = TellingSocket(socket_path(tmp_path / ("x" * 100), 11), gauges)

    with pytest.raises(OSError, match=r"shorter journal\.directory"):
        asyncio.run(door.open())


def test_fields_of_a_later_gateway_are_skipped(tmp_path: Path) -> None:
    async def scene() -> None:
        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'{"process":"gateway","mood":"good"}\n')
            writer.close()

        server = await asyncio.start_unix_server(answer, socket_path(tmp_path, 11))
        assert (await ask_gateways(tmp_path)).gateways == [Gauges(process="gateway")]
        server.close()

    asyncio.run(scene())
