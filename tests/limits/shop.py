"""A shop of models behind the whole journey, for tests of what its limits allow."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.body import Whole
from headworks.domain.call import Call
from headworks.domain.limits import Limit
from headworks.domain.money import PriceCard, Rate
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.ports.stage import Proceed, Stage
from headworks.testing import Script, ScriptedUpstream, sample_call, sample_target
from tests.journey.plain import KEY, House

AFTER_LIMITS = 4
"""Place of the stage that Limits hands on to."""
GOOD = Script(pieces=(b"hello usage:10,5\n",))
DOLLARS = PriceCard(input=Rate(10**9), output=Rate(10**9))
"""A dollar a million tokens: a thousand nano-units each."""


def model(name: str, *, fallbacks: tuple[str, ...] = (), **target: Any) -> Model:
    fields = {"price": DOLLARS, **target}
    return Model(
        name=AskedModel(name),
        targets=(sample_target(f"{name}/x", **fields),),
        fallbacks=tuple(map(AskedModel, fallbacks)),
        retry=RetryPolicy(attempts=1, base=0.0),
    )


def shop(*models: Model) -> Snapshot:
    return Snapshot(revision="r", models={each.name: each for each in models})


def ask(snapshot: Snapshot, name: str = "m", **body: Any) -> Call:
    written = Whole(msgspec.json.encode({"model": name, **body}))
    return sample_call(snapshot=snapshot, body=written, headers={b"authorization": b"Bearer " + KEY}, principal=None, ask=None)


class Caps:
    """A stage that keeps the caps that calls pass with."""

    def __init__(self) -> None:
        self.seen: list[int | None] = []

    async def __call__(self, call: Call, proceed: Proceed) -> Reply:
        self.seen.append(call.cap)
        return await proceed(call)


def house(snapshot: Snapshot, *limits: Limit, script: Script = GOOD, caps: Caps | None = None) -> House:
    principal = Principal(id="k", name="k", limits=limits)

    def between(place: int) -> Stage:
        return caps if caps is not None and place == AFTER_LIMITS else Caps()

    return House(snapshot, ScriptedUpstream([script] * 50), principal=principal, between=between)
