"""The journal's record of one request, and the marks that lead up to it."""

from __future__ import annotations

import msgspec

from headworks.domain.feedback import Feedback
from headworks.domain.target import Tried
from headworks.domain.usage import Certainty, Usage

SCHEMA = 1
"""Version of the records below. Readers upcast every released one."""


class Header(msgspec.Struct, tag="header", tag_field="t", frozen=True, kw_only=True, omit_defaults=True):
    """First line of a segment. `wall_ns` and `mono_ns` are one instant on both clocks; `epoch` is the process's birth (ns)."""

    schema: int
    process: str
    epoch: int
    wall_ns: int
    mono_ns: int
    segment: int
    version: str = ""
    oldest: int = 0
    """Number of the segment that holds the oldest begin still open when this one was started: where a recovery has to look from."""
    recovered_by: str = ""
    """The process that wrote this segment on behalf of the dead one whose name and epoch it bears."""


class Footer(msgspec.Struct, tag="footer", tag_field="t", frozen=True, kw_only=True, omit_defaults=True):
    """Last line of a sealed segment. Nothing follows it in this file; with `last`, nothing follows in this epoch either."""

    wall_ns: int
    begins: int = 0
    ends: int = 0
    last: bool = False


class Charge(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What an exchange takes of one counter that a later life of the process must know: of a budget, or of a calendar period."""

    counter: str
    units: int
    unit: str
    """See `limits.Unit`."""
    ends_at: int = 0
    """Until when it must be known, wall-clock nanoseconds: to the end of its period, with a rollover to that of the next one; 0: for good."""


class Begin(msgspec.Struct, tag="begin", tag_field="t", frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Written before the first byte goes upstream: enough to charge the exchange if nothing follows."""

    id: str
    at: int
    """Wall clock, nanoseconds since the epoch."""
    kind: str
    principal: str
    asked: str
    target: str
    revision: str
    stream: bool = False
    reserved: Usage = Usage()
    reserved_nanos: int = 0
    prompt_exact: int = 0
    """Price of the estimated prompt alone, 10⁻¹⁵ units: what a killed exchange without a checkpoint costs."""
    currency: str = "USD"
    parent: str = ""
    purpose: str = ""
    payer: str = ""
    provider: str = ""
    front: str = ""
    lineage: tuple[str, ...] = ()
    """Ids of the organisation, all below it and the key, as they stood when it began: whoever moves later takes nothing along."""
    customer: str = ""
    """Whom the caller serves, by reference. Journals of before references had the name that the caller gives."""
    counters: tuple[Charge, ...] = ()
    """What is set aside."""


class Checkpoint(msgspec.Struct, tag="mark", tag_field="t", frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far a long stream had come. At most 5 s apart."""

    id: str
    at: int
    target: str
    usage: Usage
    certainty: Certainty
    cost_nanos: int = 0


class Exchange(msgspec.Struct, tag="end", tag_field="t", frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One request, whole: written once, at its end. Times in milliseconds since `at`; money in nano-units of `currency`.

    It holds no prompt, no answer and no secret.
    """

    id: str
    at: int
    kind: str
    ending: str
    status: int
    """What the caller got; 0 where nobody knows, because the process died."""
    revision: str = ""
    principal: str = ""
    key: str = ""
    asked: str = ""
    target: str = ""
    provider: str = ""
    served_model: str = ""
    front: str = ""
    dialect: str = ""
    stream: bool = False
    fault: str = ""
    detail: str = ""
    usage: Usage = Usage()
    certainty: Certainty = Certainty.REPORTED
    cost: int = 0
    """What the providers charge for all attempts."""
    price: int = 0
    """What the caller is charged for the served one."""
    currency: str = "USD"
    tried: tuple[Tried, ...] = ()
    stages: dict[str, float] = {}
    """When each stage was entered, ms."""
    notes: dict[str, str] = {}
    """What stages want to tell an operator: why a target was chosen, which limit refused, what was downgraded."""
    cache: str = ""
    first_token_at: float = 0.0
    duration: float = 0.0
    overhead: float = 0.0
    """Milliseconds of the duration that were the gateway's own."""
    queued: float = 0.0
    """Milliseconds of the duration in which it waited for its turn at a model."""
    gaps: int = 0
    """Pieces of the answer after the first: with `duration` and `first_token_at` the mean inter-token latency."""
    bytes_in: int = 0
    bytes_out: int = 0
    client_request_id: str = ""
    trace: str = ""
    peer: str = ""
    parent: str = ""
    purpose: str = ""
    payer: str = ""
    lineage: tuple[str, ...] = ()
    customer: str = ""
    counters: tuple[Charge, ...] = ()
    """What was used."""
    version: str = ""
    """Number of the model's version that it was assigned to."""
    rollout: str = ""
    """Id of the rollout that assigned it, and at which step."""
    step: int = 0
    merit: str = ""
    """What it says of that version, a `versions.Merit`; empty: nothing."""
    feedback: Feedback | None = None
    """What this exchange said of another one."""
    overrun: int = 0
    """By how much the price passed what was set aside for it."""


Record = Header | Begin | Checkpoint | Exchange | Footer


def milliseconds(seconds: float) -> float:
    """A duration as records tell it: in milliseconds, to the microsecond (three digits; more would be noise that takes room)."""
    return int(seconds * 1e6) / 1e3
