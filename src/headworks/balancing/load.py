"""What each target has to do, as far as this gateway knows: its own requests under way, and what engines say of themselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import exp, inf

import msgspec

from headworks.balancing.answering import Answering
from headworks.balancing.latency import Latency
from headworks.balancing.prefix import PrefixIndex
from headworks.domain.engine_load import EngineLoad
from headworks.domain.envelope import Envelope
from headworks.domain.errors import Blame, Fault
from headworks.domain.reply import HeaderList
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock

STALE = 5.0
"""Seconds after which an engine's word says nothing any more."""
FLOW = 30.0
"""Seconds over which the flow of work is looked at."""
KNOWN = 4096
"""Targets that are remembered."""
MOST_TOLD = 256
"""Attempts at one target that others are told of one by one."""
_LEAST_TRUST = 0.02
"""In what a request that waited long tells of a target's speed: what others had to do there is known less well than its own."""
_ERRORS = 0.1
"""How much the latest attempt counts in the share of failures."""
TOKENS_A_BLOCK = 256
"""Of a kilobyte of JSON, about."""
_MEAN_PROMPT = 1_024.0
"""Tokens of a request that waits somewhere, where nothing was seen yet."""
_PATIENCE = 2.0
"""Times the predicted wait, after which a prompt whose first token nobody tells is taken to have been read."""


class Sent(msgspec.Struct, gc=False):
    """One of our own attempts under way."""

    at: float
    ahead: float
    """Tokens to be read before its first one, its own included."""
    own: float
    """Its own, as far as they are not remembered."""
    read_by: float
    """When it will have been read, where nothing tells; infinity where its first token does."""
    read: bool = False


class Told(msgspec.Struct, frozen=True, gc=False):
    """What another gateway has given a target to do."""

    at: float
    unread: float
    """Tokens."""
    waiting: int
    """Requests that they are of."""
    rate: float
    """Tokens a second."""
    turned: float
    """Seconds ago that it had read one of that gateway's prompts to its end."""
    oldest: float
    """Seconds ago that the oldest of those requests was sent."""
    lately: tuple[tuple[float, float], ...] = ()
    """What it was given since that gateway told last, as far as it is not long ago: seconds ago, tokens."""
    under_way: int = 0
    """Requests that have not ended."""


class Load:
    """Of one target."""

    __slots__ = (
        "adapters",
        "answering",
        "besides",
        "engine",
        "erred_at",
        "errors",
        "flow",
        "flowed_at",
        "full",
        "heard_at",
        "last",
        "lately",
        "latency",
        "mean_own",
        "others",
        "sent",
        "turned_at",
        "unread",
    )

    def __init__(self, latency: Latency) -> None:
        self.latency = latency
        self.answering = Answering()
        self.engine: EngineLoad | None = None
        self.heard_at = -inf
        """When the engine last said something."""
        self.full: float | None = None
        """The share of its memory, or of its places, in use then; None where it does not say."""
        self.adapters: frozenset[str] | None = None
        """Names of those that it has in its memory then; None where it does not say."""
        self.besides = 0.0
        """Tokens that it has to read, and no gateway told it to."""
        self.errors = 0.0
        """The share of attempts that failed, as of `erred_at`."""
        self.erred_at = 0.0
        self.sent: deque[Sent] = deque()
        """In the order of their beginning."""
        self.unread = 0.0
        """Tokens of our own that it has still to read."""
        self.others: dict[str, Told] = {}
        """By gateway."""
        self.mean_own = _MEAN_PROMPT
        self.flow = 0.0
        self.flowed_at = 0.0
        self.last = 0.0
        """When it was last sent something."""
        self.lately: deque[tuple[float, float]] = deque(maxlen=MOST_TOLD)
        """What it was given since others were told: when, tokens."""
        self.turned_at = 0.0
        """When a prompt of ours was last read to its end."""

    def own_rate(self, now: float) -> float:
        """Tokens a second that this gateway gave it to read of late."""
        return self.flow * exp((self.flowed_at - now) / FLOW) / FLOW

    def failing(self, now: float) -> float:
        """The share of attempts that fail: nobody who is left alone for it can show that it is over, so time forgets it, too."""
        return self.errors * exp((self.erred_at - now) / FLOW) if self.errors else 0.0

    def end(self, *, failed: bool, now: float) -> None:
        """An attempt has come to its end."""
        share = self.failing(now)
        self.errors, self.erred_at = share + (failed - share) * _ERRORS, now

    def give(self, tokens: float, now: float) -> None:
        """It has so many more to read."""
        self.flow = self.flow * exp((self.flowed_at - now) / FLOW) + tokens
        self.flowed_at = self.last = now

    def queue(self, now: float) -> float:
        """Tokens that it has to read before it can begin with another prompt: by the count of all gateways, and what it has from elsewhere."""
        besides = self.besides if self.heard_at >= now - STALE else 0.0
        if not self.sent and not self.others:
            return besides
        self._let_go(now)
        first = self.first_unread()
        queued, turned_at = self.unread + besides, self.turned_at
        oldest = first.at if first is not None else now
        for told in self.others.values():
            if now - told.at <= STALE:
                queued += told.unread
                turned_at = max(turned_at, told.at - told.turned)
                oldest = min(oldest, told.at - told.oldest) if told.waiting else oldest
        own = self.mean_own if self.others or first is None else first.own
        read = (now - max(turned_at, oldest)) / self.latency.per_token
        return queued - min(read, own, queued)  # of the prompt that it is reading now, some has been read already

    def given(self, now: float) -> Told:
        """What of our own it has to do."""
        first = self.first_unread()
        waiting = sum([not each.read for each in self.sent])
        oldest = now - first.at if first is not None else 0.0
        lately = tuple([(now - at, tokens) for at, tokens in self.lately if now - at <= STALE])
        self.lately.clear()
        return Told(now, self.unread, waiting, self.own_rate(now), now - self.turned_at, oldest, lately, len(self.sent))

    def under_way(self, now: float) -> int:
        """Requests of all gateways that have not ended."""
        others = self.others
        return len(self.sent) + (sum([told.under_way for told in others.values() if now - told.at <= STALE]) if others else 0)

    def first_unread(self) -> Sent | None:
        """The oldest of our own that it has not read."""
        for each in self.sent:
            if not each.read:
                return each
        return None

    def learn(self, gateway: str, told: Told) -> None:
        """What another gateway had given it before we did stood before ours, and is nobody else's."""
        if gateway not in self.others:  # others may be gone
            self.others = {name: each for name, each in self.others.items() if told.at - each.at <= STALE}
        self.others[gateway] = told
        for ago, tokens in told.lately:
            at = told.at - ago
            if at < self.heard_at:
                self.besides = max(self.besides - tokens, 0.0)
            for sent in self.sent:
                if sent.at > at and not sent.read:
                    sent.ahead += tokens

    def hear(self, engine: EngineLoad) -> None:
        """The engine's own word: what it has more than gateways know of is somebody else's."""
        self.engine = engine
        self.heard_at = engine.at
        self.full = _fullness(engine)
        self.adapters = engine.adapters
        others = [told for told in self.others.values() if engine.at - told.at <= STALE]
        if engine.queued_tokens is not None:
            self.besides = max(engine.queued_tokens - self.unread - sum([told.unread for told in others]), 0.0)
        else:
            known = sum([not each.read for each in self.sent]) + sum([told.waiting for told in others])
            self.besides = max((engine.waiting or 0) - known, 0) * self.mean_own

    def _let_go(self, now: float) -> None:
        for each in self.sent:
            if not each.read and each.read_by < now:
                self.mark_read(each, now)

    def mark_read(self, sent: Sent, now: float) -> None:
        """Its prompt has been read."""
        if not sent.read:
            sent.read = True
            self.turned_at = now
            self.unread = max(self.unread - sent.own, 0.0)


def flow_of(loads: Sequence[Load], now: float) -> float:
    """Tokens a second that they were all given to read of late, by all gateways."""
    own = sum([load.flow * exp((load.flowed_at - now) / FLOW) for load in loads]) / FLOW
    return own + sum([told.rate for load in loads if load.others for told in load.others.values() if now - told.at <= STALE])


def _fullness(engine: EngineLoad) -> float | None:
    if engine.memory is not None:
        return engine.memory
    return engine.running / engine.most_running if engine.running is not None and engine.most_running else None


class LoadBook:
    """Of all targets, by name. One per gateway process."""

    def __init__(
        self, clock: Clock, index: PrefixIndex, prior: Callable[[], Latency] = Latency, tokens_a_block: int = TOKENS_A_BLOCK
    ) -> None:
        self.now = clock.now
        self._tokens_a_block = tokens_a_block
        self.index = index
        self._prior = prior
        self._loads: dict[str, Load] = {}
        self.adapters_told = False
        """Whether any engine has ever told which adapters it has."""
        self.tells = False
        """Whether anybody asks what was given: else nothing is noted for them."""

    def of(self, name: str) -> Load:
        """Made at the first question."""
        load = self._loads.get(name)
        if load is None:
            if len(self._loads) >= KNOWN:
                self._forget_the_idle()
            load = self._loads[name] = Load(self._prior())
        return load

    def _forget_the_idle(self) -> None:
        for name in [name for name, load in self._loads.items() if not load.sent]:
            del self._loads[name]
            self.index.forget(name)

    def has(self, name: str, load: Load) -> bool:
        """Whether it is still this one: a machine may have gone since it was chosen."""
        return self._loads.get(name) is load

    def all(self, names: Sequence[str]) -> list[Load]:
        """In this order."""
        known = self._loads.get
        return [known(name) or self.of(name) for name in names]

    def forget(self, replica: str) -> None:
        """The machine that ends the names of targets, `provider/model@host:port`, is gone, and what it remembered with it."""
        for name in [name for name in self._loads if name.endswith(f"@{replica}")]:
            del self._loads[name]
            self.index.forget(name)

    def report(self, name: str, engine: EngineLoad) -> None:
        """What the target's engine has said."""
        load = self.of(name)
        known = load.engine.cache_tokens if load.engine is not None else None
        load.hear(engine)
        self.adapters_told = self.adapters_told or bool(engine.adapters)
        if engine.cache_tokens and engine.cache_tokens != known:
            self.index.resize(name, engine.cache_tokens // self._tokens_a_block)

    def given(self) -> dict[str, Told]:
        """By target, what of our own it has to do: for other gateways."""
        self.tells = True
        now = self.now()
        return {name: load.given(now) for name, load in self._loads.items() if load.sent or load.last > now - FLOW}

    def hear(self, gateway: str, given: dict[str, Told], blocks: dict[str, list[int]] | None = None) -> None:
        """What another gateway says of its own, just now. Of targets that nobody chooses among here, or no more, nothing is kept: else
        machines that are gone would fill the memory of those who hear of them last.
        """
        now = self.now()
        for name, told in given.items():
            load = self._loads.get(name)
            if load is not None:
                load.learn(gateway, msgspec.structs.replace(told, at=now))
        self.index.learn({name: read for name, read in (blocks or {}).items() if name in self._loads})

    def follow(self, name: str, envelope: Envelope, remembered: float, ahead: float) -> Followed:
        """Of an attempt that may be sent: so many of its tokens are remembered there, and so many stand before it."""
        return Followed(self, name, envelope, remembered, ahead)


class Followed:
    """`domain.dispatch.Dispatch`: keeps the book of one attempt."""

    __slots__ = ("_ahead", "_beside", "_book", "_envelope", "_load", "_name", "_remembered", "_sent")

    def __init__(self, book: LoadBook, name: str, envelope: Envelope, remembered: float, ahead: float) -> None:
        self._book = book
        self._name = name
        self._load = book.of(name)
        self._envelope = envelope
        self._remembered = remembered
        self._ahead = ahead
        self._beside = 0
        self._sent: Sent | None = None

    def sent(self) -> None:
        """See `Dispatch.sent`."""
        load, now = self._load, self._book.now()
        own = max(self._envelope.prompt_tokens - self._remembered, 1.0)
        wait = load.latency.predict(self._ahead + own)
        self._beside = load.under_way(now)
        self._sent = Sent(now, self._ahead + own, own, inf if self._envelope.streamed else now + _PATIENCE * wait)
        load.sent.append(self._sent)
        load.unread += own
        load.mean_own += (own - load.mean_own) * 0.05
        load.give(own, now)
        if self._book.tells:
            load.lately.append((now, own))
        if self._book.has(self._name, load):
            self._book.index.record(self._name, self._envelope.blocks or ())

    def headed(self, status: int, headers: HeaderList) -> None:
        """See `Dispatch.headed`."""

    def began(self) -> None:
        """See `Dispatch.began`."""
        sent, load = self._sent, self._load
        if sent is not None:
            now = self._book.now()
            load.mark_read(sent, now)
            self._learn(sent, now - sent.at)

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:
        """See `Dispatch.ended`."""
        sent, load = self._sent, self._load
        if sent is None:
            return
        now = self._book.now()
        if fault is None and not self._envelope.streamed:
            self._answered(sent, now, usage.output if usage is not None else None)
        load.mark_read(sent, now)
        load.sent.remove(sent)
        if not load.sent:
            load.unread = 0.0  # what rounding has left would be told to others for ever
        if fault is None or fault.row.blame is Blame.UPSTREAM:
            load.end(failed=fault is not None, now=now)
        if usage is not None and self._remembered > 0.0:
            self._book.index.told(self._name, self._remembered, usage.cache_read)

    def _answered(self, sent: Sent, now: float, tokens: int | None) -> None:
        """Whole. Where there was nothing but the prompt to be read, as for embeddings, it tells how fast that is."""
        load, seconds = self._load, now - sent.at
        load.answering.hear(seconds - load.latency.predict(sent.ahead), tokens or 1, self._beside, now)
        if tokens == 0:
            self._learn(sent, seconds)

    def _learn(self, sent: Sent, seconds: float) -> None:
        self._load.latency.learn(sent.ahead, seconds, max(sent.own / sent.ahead, _LEAST_TRUST))
