"""What our own load clients have in common: their plan, and a connection that reads answers."""

from __future__ import annotations

import asyncio
import gc
import resource
import ssl
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import cast

import httptools
import msgspec
import uvloop

from bench.contenders.contender import MESSAGES
from bench.question import question, request

QUESTIONS = 200


class Plan(msgspec.Struct, frozen=True):
    """What to do, read from stdin. `trust` is a certificate file, empty for no TLS."""

    host: str
    port: int
    path: str
    keys: list[str]
    models: list[str]
    headers: dict[str, str] = {}
    trust: str = ""
    streams: int = 0
    chunks: int = 0
    rate: int = 0
    seconds: float = 0.0
    stagger: float = 0.0

    def requests(self, *, stream: bool) -> list[bytes]:
        """Some hundred different requests."""
        host = f"{self.host}:{self.port}"
        messages = self.path == MESSAGES
        made = list[bytes]()
        for number in range(QUESTIONS):
            key, model = self.keys[number % len(self.keys)], self.models[number % len(self.models)]
            headers = {"authorization": f"Bearer {key}", **self.headers}
            made.append(request(host, self.path, headers, question(number, model, messages=messages, stream=stream)))
        return made


class Answering(asyncio.Protocol):
    """One connection. `on_body` gets pieces of the answer's body, `on_over` its status when it is complete, or 0 when it broke."""

    def __init__(self, on_body: Callable[[bytes], None], on_over: Callable[[int], None]) -> None:
        self.on_body = on_body
        self.on_over = on_over
        self._busy = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Asyncio's."""
        self.transport = None
        self._finish(0)

    def ask(self, data: bytes) -> None:
        """Send a request. Only after the answer to the last one."""
        assert self.transport is not None
        self._busy = True
        self._parser = httptools.HttpResponseParser(self)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """The parser's."""
        self._finish(self._parser.get_status_code())

    def _finish(self, status: int) -> None:
        if self._busy:
            self._busy = False
            self.on_over(status)


async def connect(plan: Plan, protocol: Answering) -> None:
    """Connect it."""
    context = ssl.create_default_context(cafile=plan.trust) if plan.trust else None
    await asyncio.get_running_loop().create_connection(lambda: protocol, plan.host, plan.port, ssl=context)


def quantile(sorted_values: Sequence[float], share: float) -> float:
    """Of values in order; 0 if there are none."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))] if sorted_values else 0.0


def run(main: Callable[[Plan], Coroutine[None, None, dict[str, float]]]) -> None:
    """Read the plan, do it without the collector's pauses, write what was seen."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(main(plan))))
