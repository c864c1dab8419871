"""Where a model can be had, and what trying it costs."""

from __future__ import annotations

from typing import Any, NewType, Protocol

import msgspec

from headworks.domain.money import PriceCard
from headworks.domain.profile import UNKNOWN, Profile
from headworks.domain.scrape import Scrape
from headworks.domain.usage import Certainty, Usage

AskedModel = NewType("AskedModel", str)
"""The name the caller used: an alias of ours."""
SentModel = NewType("SentModel", str)
"""The name we send to the provider."""
ServedModel = NewType("ServedModel", str)
"""The name the provider says has answered."""
EVERYBODY = "*"
"""In the place of a tenant: all callers are one house."""


class Tls(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a server proves itself and we prove ourselves. Paths are to PEM files; empty means the system's own."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    server_name: str = ""


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place to connect to: what connections are pooled by. `proxy` is the URL of a forward proxy, empty for none."""

    scheme: str
    host: str
    port: int
    tls: Tls = Tls()
    proxy: str = ""

    def __repr__(self) -> str:
        return f"<Origin {self}>"  # a proxy's URL may hold a password

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    @property
    def spellings(self) -> tuple[bytes, ...]:
        """How others may write this address, the longest first: what callers are not to read."""
        authority = f"{self.host}:{self.port}"
        return tuple(text.encode() for text in (str(self), authority, f"{self.scheme}://{self.host}", self.host))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class Timeouts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Seconds. `first_byte` counts from the request's last byte to the head; `idle` between two pieces of the answer."""

    connect: float = 5.0
    first_byte: float = 120.0
    idle: float = 60.0
    total: float = 600.0
    pool: float = 10.0


class Quirks(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts about a provider's flavour of its dialect. Absent means the dialect's own behaviour."""

    max_tokens_field: str = ""
    """The name this provider wants for the output cap, where it knows only one of them."""
    stream_usage: bool = True
    """Understands `stream_options.include_usage`."""
    drop: tuple[str, ...] = ()
    """Top-level request fields that it rejects and that may be left out (reported)."""
    no_system_after_first: bool = False
    developer_role: bool = True
    """Knows the role `developer`; otherwise it is written as `system`."""
    reasoning_field: str = ""
    """Where its answers carry reasoning text (`reasoning_content`, `reasoning`)."""
    usage_in: str = ""
    """A non-standard place of the usage object in stream chunks (`x_groq.usage`)."""
    seed_field: str = ""
    """The name this provider wants for the seed, where it is another one (`random_seed`)."""
    call_id_length: int = 0
    """Letters and digits that the id of every tool call must have, no more and no fewer; 0 where any will do (Mistral wants 9)."""
    dimensions_field: str = ""
    """The name this provider wants for the length of vectors, where it is another one (`output_dimension`)."""
    vectors: str = ""
    """`int8` where its vectors in base64 are of signed bytes instead of 32-bit floats (Perplexity)."""
    vectors_by: str = ""
    """How Vertex AI is asked for vectors: by `predict`, or by `content`, one text at a time."""
    reasoning_beside_output: bool = False
    """Its `completion_tokens` leave reasoning tokens out (xAI, Perplexity): `Usage.output` is the sum of both."""
    prefill: str = ""
    """How it is asked to go on with what an assistant has begun to say: `turn` (the last turn is its), `prefix` (and that is marked so), `flags`
    (of vLLM and SGLang); empty where it cannot.
    """
    framing: str = ""
    """`aws` where each event of a stream is carried in a message of AWS's event streams."""


class HeaderField(msgspec.Struct, frozen=True):
    """A header that a place wants as a list in the body: the field, and the words that it knows."""

    field: str
    words: frozenset[str]


class BodyShape(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one place wants bodies of chats, other than its dialect has them: a path that says the model, a version in no header."""

    leave_out: tuple[str, ...] = ()
    """Fields that the path says instead."""
    add: dict[str, str] = {}
    headers: dict[str, HeaderField] = {}

    def apply(self, fields: dict[str, Any]) -> None:
        """Change the top-level fields of a body."""
        for name in self.leave_out:
            fields.pop(name, None)
        fields.update(self.add)


class Signer(Protocol):
    """Shows a provider who asks, where that hangs on the request or on a credential that changes."""

    def sign(self, head: bytes, body: bytes) -> bytes:
        """Header lines to send besides, each ended by CRLF. At once: raises `Fault` `upstream_credentials` where there is none yet."""
        ...

    def secrets(self) -> tuple[bytes, ...]:
        """What must be taken out of a provider's words now."""
        ...


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One way to have one model served: provider, credential, address, price. Compiled; immutable; one per snapshot.

    `heads` maps an endpoint kind to the prebuilt start of the request (request line and fixed headers, credential included,
    each line ended by CRLF, without content-length and the blank line). It is secret: `repr` hides it.
    `default_headers` maps a lower-case header name to a value, sent unless the client's own header of that name travels on instead
    (`anthropic-version`).
    `variants` maps a provider's other dialects to this same target spoken to in them: `variants.get(call.front, target)` is the one
    that leaves the bytes untouched.
    """

    name: str
    """`provider/model`, and of one of several replicas `provider/model@host:port`."""
    provider: str
    dialect: str
    model: SentModel
    origin: Origin
    heads: dict[str, bytes]
    price: PriceCard | None
    profile: Profile = UNKNOWN
    stream_heads: dict[str, bytes] = {}
    """As `heads`, of the kinds whose streams have a path of their own."""
    signer: Signer | None = None
    """Signs what is sent, where a key in `heads` will not do."""
    timeouts: Timeouts = Timeouts()
    quirks: Quirks = Quirks()
    body: BodyShape | None = None
    """What its place wants of bodies, where that is peculiar."""
    credential: str = ""
    """What stands for the account with the provider: ids that the provider makes hold there alone."""
    tenant: str = ""
    """The one tenant that the account belongs to, `EVERYBODY` where all callers are one; empty where tenants share it."""
    weight: int = 1
    order: int = 0
    max_output: int = 4096
    """Tokens assumed where neither the caller nor a limit caps the answer: what is reserved."""
    max_connections: int = 1024
    region: str = ""
    """Where it is served, in the operator's own words (`eu`, `us-east`); empty where nobody said."""
    scrape: Scrape | None = None
    """How its engine is asked how busy it is; None where that is not told."""
    tags: frozenset[str] = frozenset()
    """Words of the operator's by which routing rules name it."""
    data_classes: frozenset[str] = frozenset()
    """Classes of data that it may be shown, beside what is in none."""
    inexpressible: str = "drop"
    """What to do about what this target's dialect can't say or its model can't do: `error`, `drop` (and report), or `emulate` (and report)."""
    default_headers: dict[bytes, bytes] = {}
    variants: dict[str, Target] = {}
    secrets: tuple[bytes, ...] = ()
    """What must be taken out of a provider's words: the credentials that `heads` and `default_headers` hold, and its address. Hidden by
    `repr`, like them.
    """

    @property
    def written(self) -> str:
        """The name by which operators speak of it: a replica's is its pool's."""
        return f"{self.provider}/{self.model}"

    @property
    def hidden(self) -> tuple[bytes, ...]:
        """`secrets`, and those that its signer uses now."""
        return self.secrets if self.signer is None else (*self.secrets, *self.signer.secrets())

    def __repr__(self) -> str:
        return f"<Target {self.name} → {self.dialect} at {self.origin}>"


class Tried(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One line of the tally: a try of one target, filled in as it goes.

    Times are milliseconds since the exchange began; `cost_exact` is in 10⁻¹⁵ units; `why` says what made the route choose it.
    """

    target: str
    provider: str
    model: str
    at: float
    head_at: float = 0.0
    end_at: float = 0.0
    status: int = 0
    fault: str = ""
    detail: str = ""
    why: str = ""
    served: bool = False
    sent: bool = False
    """Whether a byte of the request left for the target."""
    served_model: str = ""
    usage: Usage = Usage()
    certainty: Certainty = Certainty.REPORTED
    cost_exact: int = 0
    currency: str = "USD"
    upstream_id: str = ""
    """What the provider calls its answer."""
    request_id: str = ""
    """What the provider calls the request, where the attempt ended in a fault: its support asks for it."""
