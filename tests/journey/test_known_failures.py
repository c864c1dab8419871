"""What goes wrong in other gateways on the way to a provider and back, each shown not to happen here."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.snapshot import CacheSettings
from headworks.domain.target import AskedModel
from headworks.journey import Cache
from headworks.journey.planner import Planner
from headworks.stores.memory import MemoryAnswers, MemoryReplays
from headworks.testing import CollectingSink, FrozenClock, Script, ScriptedUpstream, sample_call
from tests.limits.shop import GOOD, ask, model, shop

from .plain import House, PlainInterpreter

ELSEWHERE = "https://elsewhere.example/v1"


def test_a_caller_does_not_say_where_a_providers_key_goes() -> None:
    """Elsewhere a body or a header names another address, and the request goes there with the operator's key."""

    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = House(snapshot, ScriptedUpstream([GOOD]))
        call = ask(snapshot, api_base=ELSEWHERE, base_url=ELSEWHERE)
        named = dict.fromkeys((b"host", b"x-forwarded-host", b"x-api-base", b"x-headworks-base-url"), ELSEWHERE.encode())
        await at.serve(msgspec.structs.replace(call, headers={**call.headers, **named}))
        (sent,) = at.upstream.sent
        assert sent.origin == snapshot.models[AskedModel("m")].targets[0].origin
        assert b"elsewhere" not in sent.head

    asyncio.run(scenario())


def test_a_providers_credentials_do_not_come_back_with_its_answer() -> None:
    """Elsewhere all headers of an answer are passed on, the echo of the operator's key among them."""

    async def scenario() -> None:
        snapshot = shop(model("m"))
        echoed = ((b"x-goog-api-key", b"sk-operator"), (b"set-cookie", b"sk-operator"), (b"x-upstream", b"1"))
        at = House(snapshot, ScriptedUpstream([Script(headers=echoed, pieces=GOOD.pieces)]))
        reply = await at.serve(ask(snapshot))
        assert (b"x-upstream", b"1") in reply.headers
        assert not [name for name, value in reply.headers if value == b"sk-operator"]

    asyncio.run(scenario())


@pytest.mark.parametrize("headers", [{}, {b"idempotency-key": b"once"}], ids=["a repeat", "an idempotency key"])
def test_what_is_remembered_for_one_caller_is_nobody_elses(headers: dict[bytes, bytes]) -> None:
    """Elsewhere the same question of two tenants is one entry of the cache."""
    clock = FrozenClock()
    stage = Cache(MemoryAnswers(clock, 1_000), MemoryReplays(clock), PlainInterpreter())
    snapshot = msgspec.structs.replace(shop(model("m")), cache=CacheSettings(enabled=True))
    answered: list[str] = []

    async def serve(caller: str) -> None:
        call = sample_call(model="m", snapshot=snapshot, principal=Principal(id=caller), headers=headers)
        call = msgspec.structs.replace(call, plan=Planner().plan(call, snapshot.models[AskedModel("m")]))

        async def answer(_: Call) -> Reply:
            answered.append(caller)
            return Reply.of(200, [], b"answer")

        (await stage(call, answer)).start(CollectingSink())
        call.closing.close(Outcome(Ending.FINISHED, 200))

    for caller in ("ours", "ours", "theirs", "theirs", "ours"):
        asyncio.run(serve(caller))
    assert answered == ["ours", "theirs"]
