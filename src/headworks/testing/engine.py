"""One replica, reckoned step by step: chunks of prompts and one token of every answer under way, and a cache of prompts' blocks."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from heapq import heappop, heappush
from math import floor
from typing import Protocol

import msgspec

from headworks.domain.engine_load import EngineLoad


class Prompt(Protocol):
    """What one request asks of an engine."""

    @property
    def tokens(self) -> int:
        """Of the prompt."""
        ...

    @property
    def output(self) -> int:
        """Tokens of the answer, at least one."""
        ...

    @property
    def blocks(self) -> Sequence[Hashable]:
        """Chained hashes of the prompt's blocks."""
        ...


class EngineModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds and tokens. As measured of models of 8 to 32 billion parameters on one large card, in round numbers."""

    step: float = 0.012
    """A step with nothing to do but one answer."""
    per_answer: float = 0.00019
    """For each answer under way besides."""
    per_prompt_token: float = 1 / 15_000
    budget: int = 8_192
    """Tokens read in one step at the most."""
    most_running: int = 128
    block: int = 512
    """Tokens of a block, as Mooncake's traces have them."""
    cache_blocks: int = 2_000
    memory_tokens: int = 1_000_000
    speed: float = 1.0


class Job:
    """One request at one replica. `began` hears of its first token, and then `ended` or `lost` of its end."""

    __slots__ = ("began", "cached", "ended", "lost", "prompt", "unread")

    def __init__(
        self, prompt: Prompt, began: Callable[[Job], None], ended: Callable[[Job], None], lost: Callable[[Job], None]
    ) -> None:
        self.prompt = prompt
        self.began = began
        self.ended = ended
        self.lost = lost
        self.cached = 0
        """Tokens that were remembered; known when its turn has come."""
        self.unread = 0


class Engine:
    """Its time moves by `due`: the end of the step, or the row of equal steps, under way."""

    def __init__(self, name: str, model: EngineModel) -> None:
        self.name = name
        self.model = model
        self.due: float | None = None
        self.alive = True
        self._waiting: deque[Job] = deque()
        self._reading: deque[Job] = deque()
        self._answering: list[tuple[int, int, Job]] = []
        """By the tick at which each will be complete."""
        self._tick = 0
        self._number = 0
        self._cache: OrderedDict[Hashable, None] = OrderedDict()
        self._memory = 0
        self._since = 0.0
        self._step = 0.0
        self._row = 0
        self._done: list[Job] = []
        """Prompts that will have been read by the end of the step."""
        self.asked = 0
        self.hit = 0

    def take(self, job: Job, now: float) -> None:
        """One more. A dead one loses it at once."""
        if not self.alive:
            job.lost(job)
            return
        self._waiting.append(job)
        if self.due is None:
            self._begin(now)
        elif self._row > 1:  # a row of steps is cut where the one under way ends
            steps = min(floor((now - self._since) / self._step) + 1, self._row)
            self._row, self.due = steps, self._since + steps * self._step

    def advance(self) -> None:
        """What was due has come."""
        assert self.due is not None
        now = self.due
        self._tick += self._row
        for job in self._done:
            self._number += 1
            heappush(self._answering, (self._tick + job.prompt.output - 1, self._number, job))
            self._remember(job.prompt.blocks)
            job.began(job)
        self._done = []
        while self._answering and self._answering[0][0] <= self._tick:
            job = heappop(self._answering)[2]
            self._memory -= job.prompt.tokens + job.prompt.output
            job.ended(job)
        self._begin(now)

    def die(self) -> None:
        """All that it had is lost."""
        self.alive = False
        self.due = None
        lost = [*self._waiting, *self._reading, *self._done, *(job for _, _, job in self._answering)]
        self._waiting.clear()
        self._reading.clear()
        self._answering, self._done, self._memory = [], [], 0
        self._cache.clear()
        for job in lost:
            job.lost(job)

    def load(self, now: float) -> EngineLoad:
        """What its metrics say, in the manner of vLLM: requests, and the share of memory in use."""
        return EngineLoad(
            at=now,
            waiting=len(self._waiting),
            running=len(self._reading) + len(self._done) + len(self._answering),
            memory=min(self._memory / self.model.memory_tokens, 1.0),
            cache_tokens=self.model.cache_blocks * self.model.block,
            most_running=self.model.most_running,
        )

    def _begin(self, now: float) -> None:
        """The next step, or a row of them where nothing changes before somebody is complete."""
        model = self.model
        read = self._read(model.budget - len(self._answering))
        if not (read or self._answering):
            self.due = None
            return
        self._since = now
        self._step = (model.step + model.per_answer * len(self._answering) + model.per_prompt_token * read) / model.speed
        self._row = 1 if read else max(self._answering[0][0] - self._tick, 1)
        self.due = now + self._row * self._step

    def _read(self, budget: int) -> int:
        """Prompt tokens of the next step."""
        left = budget
        self._admit()
        while left > 0 and self._reading:
            job = self._reading[0]
            piece = min(job.unread, left)
            job.unread -= piece
            left -= piece
            if job.unread:
                break
            self._done.append(self._reading.popleft())
            self._admit()
        return budget - left

    def _admit(self) -> None:
        """One prompt is read at a time; the next is looked up in the cache when its turn comes."""
        if self._reading or not self._waiting:
            return
        job = self._waiting[0]
        needs = job.prompt.tokens + job.prompt.output
        running = len(self._answering) + len(self._done)
        if running and (running >= self.model.most_running or self._memory + needs > self.model.memory_tokens):
            return
        self._reading.append(self._waiting.popleft())
        self._memory += needs
        held = 0
        for block in job.prompt.blocks:
            if block not in self._cache:
                break
            held += 1
        job.cached = max(min(held * self.model.block, job.prompt.tokens - 1), 0)
        job.unread = max(job.prompt.tokens - job.cached, 1)
        self.asked += job.prompt.tokens
        self.hit += job.cached

    def _remember(self, blocks: Sequence[Hashable]) -> None:
        cache = self._cache
        for block in reversed(blocks):
            if block in cache:
                cache.move_to_end(block)
            else:
                cache[block] = None
        while len(cache) > self.model.cache_blocks:
            cache.popitem(last=False)
