"""Two tenants before the configuration that the guide on pass-through shows, and behind it a provider that keeps whatever it is given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.passthrough import PassThroughDialect
from headworks.domain.body import Whole
from headworks.domain.errors import Fault
from headworks.domain.passthrough import Passage
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.edge import routes
from headworks.ports.upstream import Outgoing
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call
from tests.config.compiling import compiled

from .plain import House

Json = dict[str, Any]
A, B = b"hw-of-a", b"hw-of-b"
_GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "pass-through.md"
DOCUMENT = _GUIDE.read_text().split("```yaml\n")[1].split("```")[0]
PREFIXES = {"files": "file-", "batches": "batch_", "conversations": "conv_", "items": "msg_", "vector_stores": "vs_"}


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
            return Script.json(self._made(steps[-1], request.body))
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
    """`ask` by one key or the other."""

    def __init__(self, document: str = DOCUMENT, **changes: Any) -> None:
        self.keeper = Keeper()
        self.snapshot = msgspec.structs.replace(configured(document), **changes)
        self.hub = Hub({dialect.name: dialect for dialect in (OpenAIChat(), PassThroughDialect())})
        self.principals = {
            key: Principal(id=f"key_{name}", organisation=f"org_{name}", features=("passthrough",))
            for key, name in ((A, "a"), (B, "b"))
        }
        self.upstream = ScriptedUpstream(self.keeper.answer)
        self.house = House(self.snapshot, self.upstream, interpreter=self.hub, others=self.principals)
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
