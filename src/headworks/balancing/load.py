"""What each target has to do, as far as this gateway knows: its own requests under way, and what engines say of themselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import exp, inf

import msgspec

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
_ERRORS = 0.1
"""How much the latest attempt counts in the share of failures."""
TOKENS_A_BLOCK = 128
"""Of 512 bytes of JSON, about."""
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


class Load:
    """Of one target."""

    __slots__ = ("engine", "errors", "flow", "flowed_at", "last", "latency", "mean_own", "sent", "unread")

    def __init__(self, latency: Latency) -> None:
        self.latency = latency
        self.engine: EngineLoad | None = None
        self.errors = 0.0
        """The share of attempts that fail."""
        self.sent: deque[Sent] = deque()
        """In the order of their beginning."""
        self.unread = 0.0
        """Tokens of our own that it has still to read."""
        self.mean_own = _MEAN_PROMPT
        self.flow = 0.0
        self.flowed_at = 0.0
        self.last = 0.0
        """When it was last sent something."""

    def rate(self, now: float) -> float:
        """Tokens a second that it was given to read of late."""
        return self.flow * exp((self.flowed_at - now) / FLOW) / FLOW

    def give(self, tokens: float, now: float) -> None:
        """It has so many more to read."""
        self.flow = self.flow * exp((self.flowed_at - now) / FLOW) + tokens
        self.flowed_at = self.last = now

    def queue(self, now: float) -> float:
        """Tokens that it has to read before it can begin with another prompt: by our own count or by its own word, whichever is more."""
        self._let_go(now)
        engine = self.engine
        if engine is None or engine.dark or now - engine.at > STALE:
            return self.unread
        told = engine.queued_tokens
        queued = float(told) if told is not None else (engine.waiting or 0) * self.mean_own
        since = sum([each.own for each in self.sent if each.at > engine.at and not each.read])
        return max(self.unread, queued + since)

    def pressure(self, now: float) -> float | None:
        """The share of its memory, or of its places, in use; None where nobody says."""
        engine = self.engine
        if engine is None or now - engine.at > STALE:
            return None
        if engine.memory is not None:
            return engine.memory
        if engine.running is not None and engine.most_running:
            return engine.running / engine.most_running
        return None

    def _let_go(self, now: float) -> None:
        for each in self.sent:
            if not each.read and each.read_by < now:
                self.mark_read(each)

    def mark_read(self, sent: Sent) -> None:
        """Its prompt has been read."""
        if not sent.read:
            sent.read = True
            self.unread = max(self.unread - sent.own, 0.0)


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

    def of(self, name: str) -> Load:
        """Made at the first question."""
        load = self._loads.get(name)
        if load is None:
            if len(self._loads) >= KNOWN:
                self._loads = {known: each for known, each in self._loads.items() if each.sent}
            load = self._loads[name] = Load(self._prior())
        return load

    def report(self, name: str, engine: EngineLoad) -> None:
        """What the target's engine has said."""
        load = self.of(name)
        known = load.engine.cache_tokens if load.engine is not None else None
        load.engine = engine
        if engine.cache_tokens and engine.cache_tokens != known:
            self.index.resize(name, engine.cache_tokens // self._tokens_a_block)

    def follow(self, name: str, envelope: Envelope, remembered: float, ahead: float) -> Followed:
        """Of an attempt that may be sent: so many of its tokens are remembered there, and so many stand before it."""
        return Followed(self, name, envelope, remembered, ahead)


class Followed:
    """`domain.dispatch.Dispatch`: keeps the book of one attempt."""

    __slots__ = ("_ahead", "_book", "_envelope", "_load", "_name", "_remembered", "_sent")

    def __init__(self, book: LoadBook, name: str, envelope: Envelope, remembered: float, ahead: float) -> None:
        self._book = book
        self._name = name
        self._load = book.of(name)
        self._envelope = envelope
        self._remembered = remembered
        self._ahead = ahead
        self._sent: Sent | None = None

    def sent(self) -> None:
        """See `Dispatch.sent`."""
        load, now = self._load, self._book.now()
        own = max(self._envelope.prompt_tokens - self._remembered, 1.0)
        wait = load.latency.predict(self._ahead + own)
        self._sent = Sent(now, self._ahead + own, own, inf if self._envelope.streamed else now + _PATIENCE * wait)
        load.sent.append(self._sent)
        load.unread += own
        load.mean_own += (own - load.mean_own) * 0.05
        load.give(own, now)
        self._book.index.record(self._name, self._envelope.blocks or ())

    def headed(self, status: int, headers: HeaderList) -> None:
        """See `Dispatch.headed`."""

    def began(self) -> None:
        """See `Dispatch.began`."""
        sent, load = self._sent, self._load
        if sent is not None:
            load.mark_read(sent)
            load.latency.learn(sent.ahead, self._book.now() - sent.at)

    def ended(self, fault: Fault | None, usage: Usage | None) -> None:
        """See `Dispatch.ended`."""
        sent, load = self._sent, self._load
        if sent is None:
            return
        load.mark_read(sent)
        load.sent.remove(sent)
        if fault is None or fault.row.blame is Blame.UPSTREAM:
            load.errors += ((fault is not None) - load.errors) * _ERRORS
        if usage is not None and self._remembered:
            self._book.index.told(self._name, self._remembered, usage.cache_read)
