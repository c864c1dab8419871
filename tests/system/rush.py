"""A trace of real load, sped up, through a running gateway to eight emulated engines: who waits how long for the first token."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from headworks.simulation.table import quantile
from headworks.simulation.trace import MOONCAKE_BLOCK, Arrival
from headworks.testing.emulator import Personality
from headworks.testing.engine import EngineModel

from .house import KEY, RunningHouse

REPLICAS = 8
BLOCK_BYTES = 1024
"""That stand for a block of the trace: half its tokens, each of which takes an engine twice as long."""
PATIENCE = 120.0
STRATEGIES = ("weighted", "least_busy", "power_of_two", "hashed", "balanced")
_USUAL = EngineModel()


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one run: seconds to the first token in the trace's own time, the share of prompt tokens that were remembered, and what was lost."""

    strategy: str
    requests: int
    mean: float
    p90: float
    p99: float
    hits: float
    lost: int
    """Of which nothing came."""
    broken: int
    """Of which a part came."""
    late: float
    """Seconds by which the 99th percentile of requests left too late: the load's own fault."""

    def __str__(self) -> str:
        return (
            f"{self.strategy:13} {self.requests} requests  mean {self.mean:6.2f}  p90 {self.p90:6.2f}  p99 {self.p99:6.2f}  "
            f"hits {self.hits:.3f}  lost {self.lost}  broken {self.broken}  sent late by {self.late * 1e3:.0f} ms"
        )


class _Answer(msgspec.Struct):
    late: float
    first: float | None = None
    whole: bool = False
    prompt: int = 0
    cached: int = 0


def engines(speeds: Sequence[float], faster: float) -> tuple[Personality, ...]:
    """Eight replicas of these speeds, in a time that goes so many times faster."""
    half = MOONCAKE_BLOCK // (BLOCK_BYTES // 4)
    return tuple(
        Personality(
            name=f"gpu-{number}",
            port=0,
            answer_tokens=8,
            context_window=1_000_000,
            requests_per_minute=10**9,
            tokens_per_minute=10**12,
            engine=EngineModel(
                step=_USUAL.step / faster,
                per_answer=_USUAL.per_answer / faster,
                per_prompt_token=_USUAL.per_prompt_token * half / faster,
                budget=_USUAL.budget // half,
                block=MOONCAKE_BLOCK // half,
                memory_tokens=_USUAL.memory_tokens // half,
                cache_blocks=_USUAL.cache_blocks,
                speed=speed,
            ),
        )
        for number, speed in enumerate(speeds)
    )


def config(urls: dict[str, str]) -> dict[str, Any]:
    """A pool of all replicas, and a model for every strategy."""
    return {
        "providers": {"gpu": {"type": "openai-compatible", "api_key": "sk-emulated", "replicas": list(urls.values())}},
        "models": {
            strategy: {"strategy": strategy, "targets": [{"model": f"gpu/{strategy}", "price": "free"}]}
            for strategy in STRATEGIES
        },
        "server": {"max_body_bytes": 4 << 20},
        "retries": {"attempts": 3, "base": 0.02},
    }


async def rush(house: RunningHouse, strategy: str, arrivals: Sequence[Arrival], faster: float, salt: str) -> Figures:
    """Send them all when they are due, whether or not those before were answered. Prompts of another salt have nothing in common."""
    loop = asyncio.get_running_loop()
    began = loop.time() + 0.5
    answers = await asyncio.gather(*[_ask(house.port, strategy, each, began + each.at / faster, salt) for each in arrivals])
    waits = sorted([(each.first or PATIENCE) * faster for each in answers])
    return Figures(
        strategy=strategy,
        requests=len(answers),
        mean=sum(waits) / len(waits),
        p90=quantile(waits, 0.9),
        p99=quantile(waits, 0.99),
        hits=sum([each.cached for each in answers]) / max(sum([each.prompt for each in answers]), 1),
        lost=sum([each.first is None for each in answers]),
        broken=sum([each.first is not None and not each.whole for each in answers]),
        late=quantile(sorted([each.late for each in answers]), 0.99),
    )


async def moment(at: float) -> None:
    """Until that time of the loop: what is played has its own."""
    loop = asyncio.get_running_loop()
    come = loop.create_future()
    loop.call_at(at, come.set_result, None)
    await come


async def _ask(port: int, strategy: str, arrival: Arrival, due: float, salt: str) -> _Answer:
    loop = asyncio.get_running_loop()
    await moment(due)
    request = _request(strategy, arrival, salt)
    answer = _Answer(late=loop.time() - due)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await _read(port, request, due, answer)
    return answer


async def _read(port: int, request: bytes, due: float, answer: _Answer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        status = await reader.readline()
        if b" 200 " not in status:
            return
        while line := await reader.readline():
            if line.startswith(b"data: {"):
                if answer.first is None and b'"content"' in line:
                    answer.first = asyncio.get_running_loop().time() - due
                if b'"cached_tokens"' in line:
                    usage = msgspec.json.decode(line[6:])["usage"]
                    answer.prompt = usage["prompt_tokens"]
                    answer.cached = usage["prompt_tokens_details"]["cached_tokens"]
            elif line.startswith(b"data: [DONE]"):
                answer.whole = True
                return
    finally:
        writer.close()


def _request(strategy: str, arrival: Arrival, salt: str) -> bytes:
    body = msgspec.json.encode(
        {
            "model": strategy,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": arrival.output,
            "messages": [{"role": "user", "content": _text(arrival, salt)}],
        }
    )
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def _text(arrival: Arrival, salt: str) -> str:
    """A kilobyte for each block; the last one as long as the prompt has tokens."""
    pages = [hashlib.blake2b(f"{salt} {block}".encode()).hexdigest() * (BLOCK_BYTES // 128) for block in arrival.blocks]
    return "".join(pages)[: max(arrival.tokens * BLOCK_BYTES // MOONCAKE_BLOCK, 1)]
