"""Wire languages, both directions, without sockets. Hub and spoke around the canonical conversation and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.events import Event
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.usage import Usage


class Relay(Protocol):
    """Carries one answer of one attempt from upstream bytes to client bytes, and notes on the way what accounting needs.

    Streams are fed as they come, in any cuts; a whole answer is fed complete, in one piece. `feed` never raises: what cannot be read
    becomes `fault`. The words in which an upstream says that it failed, and all that follows, are withheld: `fail` speaks then.
    """

    began: bool
    """Content for the client has been seen (not just a head, a role or a ping)."""
    ended: bool
    """The answer ended as its dialect says it must. A stream that is over without it was cut."""
    fault: Fault | None
    """The upstream said inside a 200 that it failed, or spoke nonsense. Terminal."""
    usage: Usage | None
    """As reported so far; None if nothing was."""
    usage_final: bool
    """The counts seen are the whole answer's: nothing can be added to them."""
    pieces: int
    """Content events delivered."""
    content_bytes: int
    """Bytes of text, reasoning and arguments delivered, or of their raw frames where these were not decoded."""
    served_model: str
    service_tier: str
    """The tier that served it, as the answer says; empty where it says nothing."""
    upstream_id: str

    def feed(self, data: bytes) -> bytes:
        """Upstream bytes in, client bytes out (may be empty)."""
        ...

    def close(self) -> bytes:
        """The upstream's body is over: what is left for the client. Sets `fault` if it was over too early."""
        ...

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Bytes that end a stream already begun with an error in the client's dialect: never a clean end."""
        ...

    def estimated_output(self) -> int:
        """Output tokens delivered so far, by count of events or bytes."""
        ...


class Prepared(msgspec.Struct, frozen=True):
    """A request as one target wants it. With `answer` set the target need not be asked (an estimate of a count): that is the answer."""

    body: bytes
    relay: Relay
    downgrades: tuple[Downgrade, ...] = ()
    answer: bytes = b""


class Interpreter(Protocol):
    """What the journey sees of all dialects together."""

    def read_ask(self, front: str, kind: Kind, body: bytes) -> Ask:
        """The facts of a request. Raises `Fault`: `invalid_json`, `invalid_request`, `duplicate_field`."""
        ...

    def prepare(self, front: str, kind: Kind, ask: Ask, body: bytes, target: Target, cap: int | None) -> Prepared:
        """The request as `target` wants it, and the relay for its answer. Raises `Fault` `inexpressible`.

        `cap` lowers the output cap. Same dialect: the body is re-emitted with only the governed fields patched.
        """
        ...

    def prompt_text(self, front: str, kind: Kind, ask: Ask) -> str:
        """What the caller wrote, for guards: all text of the question."""
        ...

    def read_fault(
        self,
        dialect: str,
        status: int,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        secrets: tuple[bytes, ...] = (),
    ) -> Fault:
        """An upstream's error answer as a fault. `secrets` are credentials that it must not repeat, nor anything that looks like one."""
        ...

    def request_id(self, headers: Sequence[tuple[bytes, bytes]]) -> str:
        """What the provider calls the request, as the headers of its answer say; empty where they say nothing."""
        ...

    def write_fault(self, front: str, fault: Fault, request_id: str) -> bytes:
        """A fault as the body of an error answer in the client's dialect."""
        ...

    def write_models(self, front: str, models: Sequence[Listed]) -> bytes:
        """A list of models in the client's dialect."""
        ...

    def write_model(self, front: str, model: Listed) -> bytes:
        """One model in the client's dialect."""
        ...

    def forwarded(self, front: str, target: Target) -> frozenset[bytes]:
        """Names of client headers that travel to the target."""
        ...

    def returned(self, front: str, target: Target) -> frozenset[bytes]:
        """Names of upstream headers that travel back to the client."""
        ...


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


class Dialect(Protocol):
    """One wire language. Stateless; one instance for all."""

    name: str
    kinds: frozenset[Kind]
    forward: frozenset[bytes]
    """Client headers (lower-case) that travel to an upstream of this dialect."""
    answer: frozenset[bytes]
    """Upstream headers (lower-case) that travel back."""

    def read_ask(self, kind: Kind, body: bytes) -> Ask:
        """See `Interpreter.read_ask`."""
        ...

    def patch(self, kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
        """The same-dialect body for `target`: only model, output cap and stream options changed."""
        ...

    def untouched(self, kind: Kind, ask: Ask, target: Target) -> Relay:
        """The relay that passes bytes on and only watches."""
        ...

    def read_request(self, ask: Ask) -> Conversation:
        """Body → canonical. Raises `Fault` `invalid_request`."""
        ...

    def write_request(self, talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Canonical → body for `target`, and what could not be said in it."""
        ...

    def read_answer(self, body: bytes, target: Target) -> list[Event]:
        """A whole answer → events. Raises `Fault` `upstream_garbage`."""
        ...

    def write_answer(self, events: Sequence[Event], ask: Ask) -> bytes:
        """Events → a whole answer."""
        ...

    def decoder(self, target: Target) -> Decoder:
        """For one streamed answer."""
        ...

    def encoder(self, ask: Ask) -> Encoder:
        """For one streamed answer."""
        ...

    def prompt_text(self, kind: Kind, ask: Ask) -> str:
        """All text of the question."""
        ...

    def read_fault(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Fault:
        """An error answer as a fault."""
        ...

    def write_fault(self, fault: Fault, request_id: str) -> bytes:
        """A fault as an error body."""
        ...

    def write_fault_event(self, fault: Fault, request_id: str) -> bytes:
        """A fault as the last event of a stream."""
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
