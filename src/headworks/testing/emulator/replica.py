"""A provider that answers as an engine on a card of its own does: what waits, is read, remembered and answered takes the time of its steps."""

from __future__ import annotations

import asyncio
from hashlib import blake2b

import msgspec

from headworks.domain.engine_load import EngineLoad
from headworks.testing.emulator.score import Cue
from headworks.testing.engine import Engine, EngineModel, Job

BYTES_A_TOKEN = 4
"""As prompts are counted everywhere in the emulator."""


class Piece(msgspec.Struct, frozen=True):
    """What an engine is asked: a `headworks.testing.engine.Prompt`."""

    tokens: int
    output: int
    blocks: tuple[bytes, ...]


class Turn:
    """One request at the engine: its first token, its last, and what of its prompt was remembered."""

    __slots__ = ("_job", "began", "ended")

    def __init__(self, piece: Piece) -> None:
        self.began, self.ended = Cue(), Cue()
        self._job = Job(piece, lambda _: self.began.give(), lambda _: self.ended.give(), lambda _: None)

    @property
    def job(self) -> Job:
        """As the engine has it."""
        return self._job

    @property
    def cached(self) -> int:
        """Tokens; known once it has begun."""
        return self._job.cached


class Replica:
    """One engine in the loop's time. Who hangs up is answered to the end all the same."""

    def __init__(self, name: str, model: EngineModel) -> None:
        self._engine = Engine(name, model)
        self._timer: asyncio.TimerHandle | None = None

    def take(self, prompt: str, tokens: int, output: int) -> Turn:
        """One more, from now on."""
        turn = Turn(Piece(tokens, output, _blocks(prompt.encode(errors="surrogatepass"), self._engine.model.block)))
        self._engine.take(turn.job, asyncio.get_running_loop().time())
        self._plan()
        return turn

    def load(self) -> EngineLoad:
        """What it says of itself, at monotonic seconds of the loop."""
        return self._engine.load(asyncio.get_running_loop().time())

    def page(self) -> bytes:
        """The same as vLLM's metrics have it."""
        model, load = self._engine.model, self.load()
        lines = (
            f'vllm:cache_config_info{{block_size="{model.block}",num_gpu_blocks="{model.cache_blocks}"}} 1.0',
            f"vllm:num_requests_waiting {load.waiting}",
            f"vllm:num_requests_running {load.running}",
            f"vllm:kv_cache_usage_perc {load.memory}",
            f"vllm:prefix_cache_queries_total {self._engine.asked}",
            f"vllm:prefix_cache_hits_total {self._engine.hit}",
        )
        return "\n".join((*lines, "")).encode()

    def _plan(self) -> None:
        """See to it that the end of its step is not missed."""
        if self._timer is not None:
            self._timer.cancel()
        due = self._engine.due
        self._timer = asyncio.get_running_loop().call_at(due, self._advance) if due is not None else None

    def _advance(self) -> None:
        """A loop that is late makes up for it: steps end when they are due."""
        self._timer = None
        self._engine.advance()
        self._plan()


def _blocks(data: bytes, tokens: int) -> tuple[bytes, ...]:
    """Chained hashes of whole blocks."""
    size = tokens * BYTES_A_TOKEN
    chain, links = blake2b(digest_size=8), list[bytes]()
    for start in range(0, len(data) - size + 1, size):
        chain.update(data[start : start + size])
        links.append(chain.copy().digest())
    return tuple(links)
