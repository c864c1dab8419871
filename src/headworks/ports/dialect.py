"""Wire languages, without sockets. Hub and spoke around the canonical conversation and events.

Front      what a client speaks
Spoken     what an upstream speaks
Dialect    both, and then bytes may travel untouched
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from headworks.domain.call import Ask, Kind
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.ranking import RankingAnswer, RankingAsk
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.where import NOWHERE, Where
from headworks.ports.interpreter import Relay


class Decoder(Protocol):
    """Upstream bytes of a stream → canonical events. One per attempt."""

    def feed(self, data: bytes) -> list[Event]:
        """Any cut of bytes in, the events complete by now out. Raises `Fault` `upstream_garbage`."""
        ...

    def close(self) -> list[Event]:
        """The bytes are over: the events still inside."""
        ...


class Encoder(Protocol):
    """Canonical events → client bytes of a stream."""

    def feed(self, events: Sequence[Event]) -> bytes:
        """Events in, bytes out."""
        ...


class Front(Protocol):
    """A language that clients speak. Stateless; one instance for all."""

    name: str
    forward: frozenset[bytes]
    """Client headers (lower-case) that travel on, where both sides know them."""
    answer: frozenset[bytes]
    """Upstream headers (lower-case) that travel back, where both sides know them."""
    says: frozenset[str]
    """What it can say of another language's answers, besides what all can (`logprobs`, `signature`)."""

    def read_ask(self, kind: Kind, body: bytes, where: Where = NOWHERE) -> Ask:
        """See `Interpreter.read_ask`."""
        ...

    def shape(self, kind: Kind, ask: Ask, shape: Shape) -> Shaped:
        """See `Interpreter.shape`."""
        ...

    def prompt_text(self, kind: Kind, ask: Ask) -> str:
        """All text of the question."""
        ...

    def read_request(self, ask: Ask) -> Conversation:
        """Body → canonical. Raises `Fault` `invalid_request`."""
        ...

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:
        """Events → a whole answer."""
        ...

    def encoder(self, ask: Ask) -> Encoder:
        """For one streamed answer."""
        ...

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """A fault as an error body."""
        ...

    def write_fault_event(self, fault: Fault, request_id: str, last: bytes = b"") -> bytes:
        """A fault as the last event of a stream. `last` are the events before it: some languages number theirs."""
        ...

    def write_models(self, models: Sequence[Listed]) -> bytes:
        """See `Interpreter.write_models`."""
        ...

    def write_model(self, model: Listed) -> bytes:
        """See `Interpreter.write_model`."""
        ...

    def write_count(self, tokens: int) -> bytes:
        """An estimated count of a prompt's tokens, for a client whose target cannot count."""
        ...


class Spoken(Protocol):
    """A language that upstreams speak. Stateless; one instance for all."""

    name: str
    forward: frozenset[bytes]
    answer: frozenset[bytes]

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Canonical → body for `target`, and what could not be said in it."""
        ...

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """A whole answer → events. Raises `Fault` `upstream_garbage`."""
        ...

    def decoder(self, target: Target) -> Decoder:
        """For one streamed answer."""
        ...

    def looks_whole(self, data: bytes) -> bool:
        """Whether an answer that begins like this is one document, though a stream was asked for."""
        ...

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """An error answer as a fault."""
        ...


class Dialect(Front, Spoken, Protocol):
    """A language of both: what is said in it need not be understood to be carried."""

    kinds: frozenset[Kind]

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """The same-dialect body for `target`: only model, output cap and stream options changed."""
        ...

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> Relay:
        """The relay that passes bytes on and only watches."""
        ...


@runtime_checkable
class CountingSpoken(Protocol):
    """How an upstream is asked how many tokens a conversation has; beside `Spoken`, where its language has words for that."""

    def write_count_ask(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Canonical → body for `target`, and what could not be said in it."""
        ...

    def read_count(self, body: bytes, target: Target) -> int:
        """Answer → tokens. Raises `Fault` `upstream_garbage`."""
        ...


@runtime_checkable
class EmbeddingFront(Protocol):
    """How clients ask for vectors in a language; beside `Front`, where it knows them."""

    def read_embedding_ask(self, ask: Ask) -> EmbeddingAsk:
        """Body → canonical. Raises `Fault` `invalid_request`."""
        ...

    def write_embedding_answer(self, answer: EmbeddingAnswer, wanted: EmbeddingAsk) -> bytes:
        """Canonical → answer."""
        ...


@runtime_checkable
class EmbeddingSpoken(Protocol):
    """How an upstream is asked for vectors in a language; beside `Spoken`, where it knows them."""

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Canonical → body for `target`, and what could not be said in it. Raises `Fault` `inexpressible`."""
        ...

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:
        """Answer → canonical. Raises `Fault` `upstream_garbage`."""
        ...


@runtime_checkable
class RankingFront(Protocol):
    """How clients ask for documents in order in a language; beside `Front`, where it knows that."""

    def read_ranking_ask(self, ask: Ask) -> RankingAsk:
        """Body → canonical. Raises `Fault` `invalid_request`."""
        ...

    def write_ranking_answer(self, answer: RankingAnswer, wanted: RankingAsk) -> bytes:
        """Canonical → answer."""
        ...


@runtime_checkable
class RankingSpoken(Protocol):
    """How an upstream is asked for documents in order in a language; beside `Spoken`, where it knows that."""

    def write_ranking_ask(self, wanted: RankingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Canonical → body for `target`, and what could not be said in it."""
        ...

    def read_ranking_answer(self, body: bytes, target: Target) -> RankingAnswer:
        """Answer → canonical. Raises `Fault` `upstream_garbage`."""
        ...
