"""Two tenants before the configuration that the guide on pass-through shows, and behind it a provider that keeps whatever it is given."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.passthrough import PassThroughDialect
from headworks.domain.body import Whole
from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.passthrough import Passage
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.edge import routes
from headworks.ports.extension import Guard
from headworks.ports.upstream import Outgoing
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call
from headworks.testing.upstream import body_of
from tests.config.compiling import compiled

from .plain import House

Json = dict[str, Any]
A, B = b"hw-of-a", b"hw-of-b"
_GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "pass-through.md"
DOCUMENT = _GUIDE.read_text().split("```yaml\n")[1].split("```")[0]
PREFIXES = {"files": "file-", "batches": "batch_", "conversations": "conv_", "items": "msg_", "vector_stores": "vs_"}


@cache
def configured(document: str = DOCUMENT) -> Snapshot:
    """The compiled document."""
    return compiled(document, env={"NIGHTLY_KEY": "hw-nightly", "MISTRAL_API_KEY": "sk-mistral"}).snapshot


def passages(provider: str = "openai") -> tuple[Passage, ...]:
    """All that the guide lets through."""
    return configured().passthrough[provider].passages


class Said:
    """An answer, or a refusal."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = dict(headers)
        self.body = body

    @property
    def json(self) -> Any:
        """Decoded."""
        return msgspec.json.decode(self.body)

    def __repr__(self) -> str:
        return f"<{self.status} {self.body!r}>"


class Keeper:
    """Makes a thing of everything that is posted, and tells it to whoever has the credential and the id. Lists hold all there is."""

    def __init__(self) -> None:
        self.things: dict[str, Json] = {}
        self.asked: list[Outgoing] = []

    def answer(self, request: Outgoing) -> Script:
        """`/v1/THINGS`, `/v1/THINGS/ID`, and below it."""
        self.asked.append(request)
        method, target, _ = request.head.partition(b"\r\n")[0].decode().split(" ")
        steps = target.partition("?")[0].split("/")[2:]
        id_ = next((step for step in reversed(steps) if re.search(r"\d{4}", step)), "")
        unknown = [step for step in steps if re.search(r"\d{4}|hw", step) and step not in self.things]
        if unknown:
            return Script.json({"error": {"message": f"No such thing: '{unknown[0]}'."}}, 404)
        if method == "POST" and steps[-1] in PREFIXES:
            return Script.json(self._made(steps[-1], body_of(request)))
        if method == "DELETE":
            return Script.json({**self.things.pop(id_), "deleted": True})
        if method == "GET" and steps[-1] != id_:
            listed = list(self.things.values())
            return Script.json({"object": "list", "data": listed, "first_id": listed[0]["id"], "last_id": listed[-1]["id"]})
        return Script.json(self.things[id_])

    def _made(self, collection: str, body: bytes) -> Json:
        said: Json = msgspec.json.decode(body) if body.startswith(b"{") else {}
        made = {**said, "id": f"{PREFIXES[collection]}{len(self.things):04d}abcdefgh", "object": collection}
        self.things[made["id"]] = made
        return made


class Tenants:
    """`ask` by one key or the other. `answer` stands for the provider that keeps things."""

    def __init__(
        self,
        document: str = DOCUMENT,
        answer: Callable[[Outgoing], Script] | None = None,
        judges: Sequence[Guard] = (),
        **changes: Any,
    ) -> None:
        self.keeper = Keeper()
        self.snapshot = msgspec.structs.replace(configured(document), **changes)
        self.hub = Hub({dialect.name: dialect for dialect in (OpenAIChat(), PassThroughDialect())})
        self.principals = {
            key: Principal(id=f"key_{name}", organisation=f"org_{name}", features=("passthrough",))
            for key, name in ((A, "a"), (B, "b"))
        }
        self.upstream = ScriptedUpstream(answer or self.keeper.answer)
        self.house = House(self.snapshot, self.upstream, interpreter=self.hub, others=self.principals)
        self.house.judges += judges
        self._calls = 0

    async def ask(self, key: bytes, method: str, path: str, body: Any = None, **headers: str) -> Said:
        """One request, from its line to its end. `body` is JSON unless it is bytes."""
        line, _, query = path.partition("?")
        match = routes.find(line.encode(), query.encode(), method.encode())
        assert match is not None
        self._calls += 1
        sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        call = sample_call(
            id=f"{self._calls:032x}",
            snapshot=self.snapshot,
            kind=match.route.kind,
            front=match.route.front.name,
            headers={b"authorization": b"Bearer " + key, **sent},
            body=Whole(data),
            where=match.where,
            principal=None,
            ask=None,
        )
        try:
            reply = await self.house.serve(call)
        except Fault as fault:
            said = fault.said.body if fault.said is not None else self.hub.write_fault(call.front, fault, call.id)
            return Said(fault.status, [], said)
        sink = CollectingSink()
        reply.start(sink)
        await sink.ended()
        return Said(reply.status, reply.headers, sink.body)


LAB = """
providers:
  lab:
    type: openai-compatible
    base_url: "http://lab.test/v1"
    api_key: "${NIGHTLY_KEY}"
    passthrough:
      POST /v1/read: {price: model}
      POST /v1/models/{model}:predict: {price: model}
      POST /v1/listen: {price: {request: 0.25}, content_types: [audio/wav], query: [language, include], headers: [x-lab]}
      GET /v1/voices: {price: free, shared: true}
      GET /v1/voices/{voice}: {shared: true}
      POST /v1/fixed?version=2: {price: free, query: [verbose]}
  other: {type: openai-compatible, base_url: "http://other.test/v1", api_key: "${NIGHTLY_KEY}"}
models:
  smart: lab/big
  wide: [other/small, lab/small]
  "any/*": lab/*
prices:
  "*": {input: 1, output: 2}
keys:
  nightly: {key: "${NIGHTLY_KEY}", features: [passthrough]}
"""
DOLLAR = 1_000_000_000


def lab(script: Script | None = None, **principal: Any) -> Tenants:
    """The configuration above, asked by a caller with these bounds."""
    tenants = Tenants(LAB, lambda _: script or Script.json({"ok": True}))
    bounds: dict[str, Any] = {"id": "key_a", "organisation": "org_a", "features": ("passthrough",)} | principal
    tenants.house.others[A] = Principal(**bounds)
    return tenants


def asked(tenants: Tenants, method: str, path: str, body: Any = None, **headers: str) -> Said:
    """One request of A's, and its answer."""
    return asyncio.run(_one(tenants, method, path, body, headers))


async def _one(tenants: Tenants, method: str, path: str, body: Any, headers: dict[str, str]) -> Said:
    return await tenants.ask(A, method, path, body, **headers)


def each_asked(tenants: Tenants, *posted: tuple[str, Any]) -> list[Said]:
    """Several, one after another: paths and bodies."""
    return asyncio.run(_each(tenants, posted))


async def _each(tenants: Tenants, posted: tuple[tuple[str, Any], ...]) -> list[Said]:
    return [await tenants.ask(A, "POST", path, body) for path, body in posted]


def code(said: Said) -> str:
    return said.json["error"]["code"]


def line(request: Outgoing) -> str:
    return request.head.partition(b"\r\n")[0].decode()


def headers_of(request: Outgoing) -> dict[str, str]:
    lines = request.head.decode().split("\r\n")[1:]
    return dict(each.split(": ", 1) for each in lines if each)


def exchange(tenants: Tenants) -> Exchange:
    (end,) = tenants.house.journal.ended
    return end
