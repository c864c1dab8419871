"""Two tenants before one gateway, and behind it two providers that all share: one keeps answers by its own ids, one keeps none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.domain.body import Whole
from headworks.domain.errors import Fault
from headworks.domain.kind import Kind
from headworks.domain.principal import Principal
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel, Target
from headworks.edge import routes
from headworks.ports.upstream import Outgoing
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target
from headworks.testing.upstream import body_of

from .plain import House

Json = dict[str, Any]
FEATURES = ("store", "files", "code_execution", "container", "cached_content", "prompt")
A, B = b"hw-of-a", b"hw-of-b"
_HEAD = "{} {} HTTP/1.1\r\nhost: upstream.test\r\n"
_PATHS = {
    Kind.CHAT: ("POST", "/v1/responses"),
    Kind.COUNT_TOKENS: ("POST", "/v1/responses/input_tokens"),
    Kind.RESPONSE: ("GET", "/v1/responses/{id}"),
    Kind.RESPONSE_ITEMS: ("GET", "/v1/responses/{id}/input_items"),
    Kind.CANCEL_RESPONSE: ("POST", "/v1/responses/{id}/cancel"),
    Kind.DELETE_RESPONSE: ("DELETE", "/v1/responses/{id}"),
}


class Said(NamedTuple):
    """An answer, or a refusal in the client's language."""

    status: int
    body: bytes

    @property
    def json(self) -> Json:
        """Of a whole answer."""
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[Json]:
        """Of a stream."""
        lines = [line for line in self.body.splitlines() if line.startswith(b"data: ")]
        return [msgspec.json.decode(line[6:]) for line in lines]


class Provider:
    """Keeps every answer it gives, and tells it to whoever has the credential and the id."""

    def __init__(self) -> None:
        self.answers: dict[str, Json] = {}
        self.asked: list[tuple[str, Json]] = []
        self.cut = 0
        """Bytes of a piece of its streams; 0: an event each."""

    def answer(self, request: Outgoing) -> Script:
        """Of `/v1/responses` and below, and of chat completions, which are not kept."""
        method, path, *_ = request.head.split(b"\r\n")[0].decode().split(" ")
        body: Json = msgspec.json.decode(body_of(request)) if request.body else {}
        self.asked.append((f"{method} {path}", body))
        if path == "/v1/chat/completions":
            return Script.json(_completion(body))
        if path == "/v1/responses/input_tokens":
            return Script.json({"object": "response.input_tokens", "input_tokens": 3})
        if path == "/v1/responses":
            return self._made(body)
        return self._about(method, *path.partition("?")[0].split("/")[3:])

    def _made(self, body: Json) -> Script:
        previous = body.get("previous_response_id")
        if previous is not None and previous not in self.answers:
            return Script.json({"error": {"message": f"Previous response with id '{previous}' not found."}}, 400)
        made = _response(f"resp_{len(self.answers):04d}abcdef", previous, store=body.get("store", False))
        if made["store"]:
            self.answers[made["id"]] = made
        if not body.get("stream"):
            return Script.json(made)
        first = {"type": "response.created", "response": {**made, "status": "in_progress", "output": []}}
        delta = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Yes."}
        last = {"type": "response.completed", "response": made}
        script = Script.sse(*[msgspec.json.encode(event) for event in (first, delta, last)])
        whole = b"".join(script.pieces)
        pieces = [whole[at : at + self.cut] for at in range(0, len(whole), self.cut)] if self.cut else script.pieces
        return msgspec.structs.replace(script, pieces=tuple(pieces))

    def _about(self, method: str, id_: str, action: str = "") -> Script:
        known = self.answers.get(id_)
        if known is None:
            return Script.json({"error": {"message": f"Response with id '{id_}' not found."}}, 404)
        if method == "DELETE":
            del self.answers[id_]
            return Script.json({"id": id_, "object": "response", "deleted": True})
        items: Json = {"object": "list", "data": [{"id": "msg_0", "type": "message", "role": "user"}], "has_more": False}
        return Script.json(items if action == "input_items" else known)


class Tenants:
    """`ask` by one key or the other, in any language, at any path."""

    def __init__(self, **changes: Any) -> None:
        self.provider = Provider()
        self.hub = Hub({dialect.name: dialect for dialect in (OpenAIChat(), OpenAIResponses(), Anthropic(), Gemini())})
        self.principals = {
            key: Principal(id=f"key_{name}", organisation=f"org_{name}", features=FEATURES)
            for key, name in ((A, "a"), (B, "b"))
        }
        models = {name: _model(name, target) for name, target in TARGETS.items()}
        self.snapshot = Snapshot(revision="r", models=models, **changes)
        self.house = House(self.snapshot, ScriptedUpstream(self.provider.answer), interpreter=self.hub, others=self.principals)
        self._calls = 0

    async def ask(self, key: bytes, method: str, path: str, body: Json | bytes | None = None, **headers: str) -> Said:
        """One request, from its line to its end. Bytes are sent as they are."""
        line, _, query = path.partition("?")
        match = routes.find(line.encode(), query.encode(), method.encode())
        assert match is not None
        self._calls += 1
        sent: Mapping[bytes, bytes] = {
            b"authorization": b"Bearer " + key,
            **{k.encode(): v.encode() for k, v in headers.items()},
        }
        call = sample_call(
            id=f"{self._calls:032x}",
            snapshot=self.snapshot,
            kind=match.route.kind,
            front=match.route.front.name,
            headers=sent,
            body=Whole(body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)),
            where=match.where,
            principal=None,
            ask=None,
        )
        try:
            reply = await self.house.serve(call)
        except Fault as fault:
            said = fault.said.body if fault.said is not None else self.hub.write_fault(call.front, fault, call.id)
            return Said(fault.status, said)
        sink = CollectingSink()
        reply.start(sink)
        await sink.ended()
        return Said(reply.status, sink.body)


def _native(**changes: Any) -> Target:
    heads = {kind: _HEAD.format(*line).encode() for kind, line in _PATHS.items()}
    target = sample_target("native/m", dialect="openai_responses", heads=heads, credential="native@1", **changes)
    others = ("openai_chat", "anthropic", "gemini")
    return msgspec.structs.replace(
        target, variants={dialect: msgspec.structs.replace(target, dialect=dialect) for dialect in others}
    )


def _stateless(name: str) -> Target:
    heads: dict[str, bytes] = {Kind.CHAT: _HEAD.format("POST", "/v1/chat/completions").encode()}
    return sample_target(f"{name}/m", heads=heads, credential=f"{name}@1")


def _forgetful() -> Target:
    heads: dict[str, bytes] = {Kind.CHAT: _HEAD.format("POST", "/v1/responses").encode()}
    return sample_target("forgetful/m", dialect="openai_responses", heads=heads, credential="forgetful@1")


TARGETS = {
    "native": _native(),
    "owned": msgspec.structs.replace(_native(tenant="org_a"), name="owned/m", credential="owned@1"),
    "chat": _stateless("chat"),
    "forgetful": _forgetful(),
}
"""By the names of the models that they serve."""


def _model(name: str, target: Target) -> Model:
    return Model(name=AskedModel(name), targets=(target,), retry=RetryPolicy(attempts=1))


def _response(id_: str, previous: str | None, *, store: bool) -> Json:
    text = {"type": "output_text", "text": "Yes.", "annotations": [{"type": "file_citation", "file_id": "file-0abcdef"}]}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    return {
        "id": id_,
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "output": [message],
        "previous_response_id": previous,
        "store": store,
        "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
    }


def _completion(body: Json) -> Json:
    message: Json = {"role": "assistant", "content": "Yes."}
    if "audio" in body.get("modalities", ()):
        message |= {"audio": {"id": "audio_0abcdef", "data": "AA==", "transcript": "Yes.", "expires_at": 9}}
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
