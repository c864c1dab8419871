"""Very many clients at once, some of which hang up, and what each of them was told."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import msgspec

CONNECT = 5.0
PATIENCE = 30.0
OUTPUTS = (8, 30, 60, 400)
"""Output tokens that requests ask for: the largest are refused first where tokens run short."""
HANG_UP = 0.12
"""The share of clients that do not wait for their answer."""
PAUSE = 0.04
"""Seconds after a refusal."""


class Said(msgspec.Struct, frozen=True):
    """What one request came to. `status` 0: hung up, or nothing came."""

    at: float
    """Monotonic clock."""
    status: int
    code: str
    waited: float
    """Seconds until the head of the answer."""


class Hammer:
    """`with Hammer(ports, keys, clients) as hammer:` they ask until the block ends."""

    def __init__(self, ports: list[int], keys: list[str], clients: int, seed: int = 7) -> None:
        self._ports, self._keys = ports, keys
        self._clients = clients
        self._seed = seed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.said: list[Said] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def statuses(self) -> Counter[str]:
        """How often each status and code was seen."""
        return tally(self.said)

    def go_on(self, seconds: float) -> None:
        """Ask for so long."""
        self._stop.wait(seconds)

    def go_on_until(self, met: Callable[[], bool], seconds: float) -> None:
        """Ask until `met()` is true, or for so long at most: what is missing then, the test's assertions name."""
        deadline = time.monotonic() + seconds
        while not met() and time.monotonic() < deadline:
            self._stop.wait(0.1)

    async def _run(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self._clients)))

    async def _client(self, number: int) -> None:
        chance = random.Random(self._seed * 1000 + number)  # noqa: S311 - a load that can be had again
        while not self._stop.is_set():
            said = await self._ask(chance)
            self.said.append(said)
            if said.status != 200:
                await asyncio.sleep(PAUSE * (1 + chance.random()))

    async def _ask(self, chance: random.Random) -> Said:
        began = time.monotonic()
        writer = None
        try:
            async with asyncio.timeout(CONNECT):
                reader, writer = await asyncio.open_connection("127.0.0.1", chance.choice(self._ports))
            writer.write(self._question(chance))
            async with asyncio.timeout(chance.random() * 0.2 if chance.random() < HANG_UP else PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                waited = time.monotonic() - began
                body = await reader.read(-1)
            status = int(head.split(b" ", 2)[1])
            return Said(began, status, "" if status == 200 else _code(body), waited)
        except TimeoutError:
            return Said(began, 0, "hung up", time.monotonic() - began)
        except (OSError, asyncio.IncompleteReadError) as trouble:
            return Said(began, 0, type(trouble).__name__, time.monotonic() - began)
        finally:
            if writer is not None:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    def _question(self, chance: random.Random) -> bytes:
        content = {
            "model": "guarded",
            "stream": chance.random() < 0.5,
            "max_tokens": chance.choice(OUTPUTS),
            "messages": [{"role": "user", "content": f"Question {chance.random()}"}],
        }
        body = msgspec.json.encode(content)
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {chance.choice(self._keys)}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def tally(said: list[Said]) -> Counter[str]:
    """How often each status and code was seen."""
    return Counter(f"{each.status} {each.code}".strip() for each in said)


def _code(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["code"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return "?"
