"""What the journey sees of all wire languages together, and of one answer on its way through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade
from headworks.domain.shape import Shape, Shaped
from headworks.domain.snapshot import Listed
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.domain.where import Where
from headworks.ports.conversation import Judge, Opening


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


@runtime_checkable
class Expecting(Relay, Protocol):
    """A relay of answers that nobody knows the shape of before they are there."""

    streams_events: bool
    """They are server-sent events, as the head has said."""

    def expect(self, content_type: bytes) -> bool:
        """The head is there. Tells whether the answer is to be fed complete, as one piece."""
        ...


class Prepared(msgspec.Struct, frozen=True):
    """A request as one target wants it. With `answer` set the target need not be asked (an estimate of a count): that is the answer."""

    body: bytes
    relay: Relay
    downgrades: tuple[Downgrade, ...] = ()
    answer: bytes = b""
    instead: bytes = b""
    """The answer where the target refuses the question: one that can do without it."""
    kind: Kind | None = None
    """The endpoint that it is sent to, where that is another than the caller's."""
    losses: Callable[[], Sequence[Downgrade]] | None = None
    """What the answer has held by now that the caller's language cannot say; None where nothing can be lost."""


class Interpreter(Protocol):
    """What the journey sees of all dialects together."""

    def read_ask(self, front: str, kind: Kind, body: bytes, where: Where) -> Ask:
        """The facts of a request. Raises `Fault`: `invalid_json`, `invalid_request`, `duplicate_field`."""
        ...

    def shape(self, front: str, kind: Kind, ask: Ask, shape: Shape) -> Shaped:
        """The body of a request in a version's shape: its words before the caller's, its parameters among the caller's. Raises `Fault`
        `inexpressible`, or `invalid_request` where the request is not what it should be.
        """
        ...

    def prepare(self, front: str, kind: Kind, ask: Ask, body: bytes, target: Target, cap: int | None) -> Prepared:
        """The request as `target` wants it, and the relay for its answer. Raises `Fault` `inexpressible`.

        `cap` lowers the output cap. Same dialect: the body is re-emitted with only the governed fields patched.
        """
        ...

    def converse(self, front: str, call_id: str, model: str, judge: Judge, cap: int | None) -> Opening:
        """A conversation in real time with what the caller calls `model`, not yet begun. Each of its answers is kept to `cap` output tokens."""
        ...

    def prompt_text(self, front: str, kind: Kind, ask: Ask) -> str:
        """What the caller wrote, for guards: all text of the question."""
        ...

    def answer_text(self, front: str, answer: bytes, *, stream: bool) -> str | None:
        """The words of an answer to a chat, as a client got it; None where nobody can read it."""
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

    def request_id(self, headers: Sequence[tuple[bytes, bytes]], secrets: tuple[bytes, ...] = ()) -> str:
        """What the provider calls the request, as the headers of its answer say, without `secrets`; empty where they say nothing."""
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
