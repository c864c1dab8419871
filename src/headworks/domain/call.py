"""One request of one client, from its headers to its ending."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from headworks.domain.body import Body
from headworks.domain.dispatch import Dispatch
from headworks.domain.ending import Closing
from headworks.domain.feedback import Feedback
from headworks.domain.kept import Kept
from headworks.domain.kind import Kind
from headworks.domain.limits import Claim, Standing
from headworks.domain.outcome import Outcome
from headworks.domain.partial import Partial
from headworks.domain.passthrough import Passed
from headworks.domain.plan import Plan
from headworks.domain.principal import Principal
from headworks.domain.receipt import NO_RECEIPT, Receipt
from headworks.domain.reply import Reply
from headworks.domain.shape import Parameters
from headworks.domain.snapshot import Snapshot
from headworks.domain.sound import TOKENS_PER_SECOND
from headworks.domain.target import AskedModel, Target, Tried
from headworks.domain.usage import NO_USAGE, Certainty, Usage
from headworks.domain.versions import Assignment
from headworks.domain.where import NOWHERE, Form, Where


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a request that stages decide on, read without decoding the rest.

    `fields` are the top-level fields as undecoded JSON. `prompt_tokens` is an estimate, `max_tokens` the caller's own cap on the answer
    (of pictures and sound: what one of them may take).
    `features` name what the request uses (`tools`, `images`, `json_schema`, `web_search`, …).
    """

    model: AskedModel
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    choices: int = 1
    prompt_tokens: int = 0
    characters: int = 0
    """Of a text that is to be spoken."""
    seconds: int = 0
    """Of sound that is to be heard, likely."""
    features: frozenset[str] = frozenset()
    user: str = ""
    asked_at: int = 0
    """Seconds since the epoch: for answers in a language that tells a time, from one that does not. Set where it is needed."""
    answer_id: str = ""
    """What an answer is called that comes without an id. Set where it is needed."""
    began: float = 0.0
    """When the call began, monotonic seconds: for answers in a language that tells how long they took. Set with `asked_at`."""
    form: Form = Form.ASKED
    """How the answer is wanted, where `stream` alone does not say it."""
    native: Kind | None = None
    """As what a target of the caller's own language is asked, where that has a path of its own (Ollama's `generate`, a chat of one prompt)."""
    partial: Partial | None = None
    """What was told of the answer so far, where another target could go on with it. Attempts say so."""
    keep: bool = False
    """The answer is to be kept, to be had again by its id. Authorise says so."""
    fields: Mapping[str, Any] = {}
    unsaid: Parameters = {}
    """Parameters of a version that the caller's language has no word for: another one may."""
    added: int = 0
    """Bytes by which a version has made the request longer than what the caller sent."""

    @property
    def likely(self) -> Usage:
        """What reading it uses, as far as can be told beforehand."""
        if not self.seconds:
            return Usage(input=self.prompt_tokens, characters=self.characters)
        return Usage(input=self.prompt_tokens, input_audio=self.seconds * TOKENS_PER_SECOND, audio_seconds=self.seconds)


class Progress(msgspec.Struct, frozen=True):
    """How far the answer of the running attempt has come."""

    usage: Usage
    certainty: Certainty
    cost_exact: int


class Tally(msgspec.Struct):
    """What has happened to a call so far: the one mutable thing about it. Belongs to the loop."""

    latest: Call | None = None
    """The call as the innermost stage entered so far has it: the copies that stages hand on are not seen by those outside them."""
    asked: str = ""
    """The model's name as the caller wrote it, also where it was refused."""
    tried: list[Tried] = []
    replies: list[Reply] = []
    stages: dict[str, float] = {}
    """When each stage was entered, monotonic seconds."""
    notes: dict[str, str] = {}
    cache: str = ""
    downgrades: list[str] = []
    progress: Callable[[], Progress] | None = None
    reserved: Usage = NO_USAGE
    reserved_nanos: int = 0
    claims: tuple[Claim, ...] = ()
    """What is held of limits for it, with the amounts granted."""
    extend: Callable[[Plan], Awaitable[None]] | None = None
    """Holds what a fallback claims beyond that, or raises `Fault`. There once Limits has let the call pass."""
    prolong: Callable[[Usage, int], Awaitable[None]] | None = None
    """Holds, beyond what a conversation has used (and cost, nano-units), as much again as one more answer may; or raises `Fault`."""
    judge: Callable[[Call, frozenset[str]], None] | None = None
    """Raises `Fault` where a conversation may not use these features besides. There once Authorise has let it begin."""
    standings: tuple[Standing, ...] = ()
    """How its limits stand: what every answer to it says, a refusal too."""
    merit: str = ""
    """What the call says of the version that a rollout assigned it to, a `versions.Merit`."""
    concluding: Callable[[Outcome], None] | None = None
    """What whoever made a call by itself adds to its record at its end."""
    receipt: Receipt = NO_RECEIPT
    waited: float = 0.0
    """Milliseconds of pauses between attempts: neither the upstream's nor our overhead."""

    def abandon_all_but(self, kept: Reply | None, outcome: Outcome) -> None:
        """Give up every reply that was made for this call and is not the one served."""
        for reply in self.replies:
            if reply is not kept:
                reply.abandon(outcome)
        self.replies.clear()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One client request. Frozen, and pinned to one snapshot: stages hand on a changed copy.

    `id` is ours (UUIDv7, 32 hex digits), `at` wall-clock nanoseconds, `began` monotonic seconds. `headers` have lower-case names; `front`
    names the client's dialect. `ask` is there once Authorise has read the body, `principal` once Identify has run.
    Calls that the gateway makes itself have a `parent`, a `purpose` and perhaps another `payer`; `depth` is at most 2.
    """

    id: str
    at: int
    began: float
    kind: Kind
    front: str
    headers: Mapping[bytes, bytes]
    body: Body
    snapshot: Snapshot
    tally: Tally
    closing: Closing
    peer: str = ""
    certificate: bytes = b""
    """Of the client, as its connection's handshake has proved it, DER. Never what a header says."""
    where: Where = NOWHERE
    """What the path says beside the endpoint: the id in `/v1/models/{id}`."""
    principal: Principal | None = None
    ask: Ask | None = None
    plan: Plan | None = None
    """Where it may go: there once Authorise has found the model."""
    customer: str = ""
    """Reference of whom the caller serves: all of it that is written down. There once Authorise has let the call pass, as is `session`."""
    session: str = ""
    """Reference of the session that the caller names."""
    assignment: Assignment | None = None
    """Which version of the model serves it, where it has versions. There once Authorise has let the call pass."""
    shadow: Assignment | None = None
    """Which version is asked the same besides, once the caller has the answer."""
    cap: int | None = None
    """Output tokens that a limit allows, where it is less than what the caller asked."""
    pinned: Target | None = None
    """The only target allowed, where a foreign id in the request says so."""
    opened: Mapping[str, str] = {}
    """Tokens of foreign ids in the request → the ids."""
    kept: Kept | None = None
    """The answer that this request is about, or goes on from, where the gateway itself keeps it."""
    feedback: Feedback | None = None
    """What it says of an earlier answer, where that is all that it is for."""
    passed: Passed | None = None
    """Where it goes, where it is only carried."""
    target: Target | None = None
    """What Route has chosen for the attempt under way."""
    dispatch: Dispatch | None = None
    """Who follows that attempt."""
    parent: str = ""
    purpose: str = ""
    payer: str = ""
    depth: int = 0
