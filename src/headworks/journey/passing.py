"""Requests that are only carried: led to a passage of a provider, and to a model that the caller may use there.

Who may use only certain models may not reach others by another way. Where a request names no model, it is about `passthrough/PROVIDER`,
which whoever lists models has to allow by that name.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.foreign_fields import with_opened
from headworks.domain.passthrough import FEATURE, MODEL, Passage, Passed
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel, Target
from headworks.journey.foreign import Foreign
from headworks.journey.passing_models import model_at, model_named, refuse_other_models
from headworks.ports.interpreter import Interpreter

FRONT = "passthrough"
_JSON = ("", "application/json")
_MOST_PARAMETERS = 50
_SHOWN = 100
_ONCE = RetryPolicy(attempts=1)
"""What is not understood may have been done: only the caller knows whether it can be asked again."""


class Led(NamedTuple):
    """Where a request is led."""

    call: Call
    ask: Ask
    model: Model


class Passing:
    """What Authorise asks of them. One per process."""

    def __init__(self, interpreter: Interpreter, foreign: Foreign) -> None:
        self._interpreter = interpreter
        self._foreign = foreign

    def led(self, call: Call, body: bytes) -> Led:
        """Raises `Fault` for who may not, for what is on no list, and for what cannot be read."""
        _refuse_without_feature(call)
        provider, _, rest = call.where.subject.partition("/")
        path, _, query = rest.partition("?")
        through = call.snapshot.passthrough.get(provider)
        found = through.find(call.where.method, f"/{path}") if through is not None else None
        if through is None or found is None:
            raise _not_listed(call, provider)
        passage, values = found
        ask, content_type = self._read(call, passage, body)
        named = model_named(passage, values.pop(MODEL, ""), ask)
        model, target = model_at(call, provider, through, named)
        refuse_other_models(call, provider, through, ask.fields)
        ids = _Ids(self._foreign, call, passage, target)
        values = {name: ids.opened(id_) for name, id_ in values.items()}
        ask = _with_ids(ask, passage, ids)
        line = passage.filled({**values, MODEL: target.model}, _parameters(query, passage, ids))
        call.tally.asked = named or model.name
        call.tally.notes["passage"] = passage.line
        call = msgspec.structs.replace(call, passed=Passed(passage, line, content_type), opened=ids.known)
        return Led(call, msgspec.structs.replace(ask, model=model.name), _only(model, target, passage))

    def _read(self, call: Call, passage: Passage, body: bytes) -> tuple[Ask, bytes]:
        """The facts of a body, and its content type as it is sent on. Nothing is read of what is not JSON."""
        said = call.headers.get(b"content-type", b"")
        kind = said.decode("latin-1").partition(";")[0].strip().lower()
        if not body or kind in _JSON:
            ask = self._interpreter.read_ask(call.front, call.kind, body, call.where)
            tokens = ask.prompt_tokens if passage.by_model else 0
            return msgspec.structs.replace(ask, prompt_tokens=tokens), b"application/json" if body else b""
        if kind in passage.content_types:
            return Ask(model=AskedModel("")), said
        also = "".join(f", {each}" for each in sorted(passage.content_types))
        raise Fault(
            "unsupported_media_type",
            f"{passage.line} takes application/json{also} here, and the body is said to be {kind[:_SHOWN]}. "
            "Send one of these, or have an administrator add it to 'content_types' there.",
        )


class _Ids:
    """The ids of one request: tokens, opened for the account that it is passed on to."""

    def __init__(self, foreign: Foreign, call: Call, passage: Passage, target: Target) -> None:
        self._foreign = foreign
        self._call = call
        self._shared = passage.shared
        self._target = target
        self.known: dict[str, str] = {}
        """Tokens → the ids."""

    def opened(self, token: str, param: str = "") -> str:
        """The provider's id. Raises `Fault` `unknown_id`."""
        if self._shared:
            return token
        id_ = self._foreign.opened(self._call, self._target, token, param)
        if id_ != token:
            self.known[token] = id_
        return id_


def _refuse_without_feature(call: Call) -> None:
    assert call.principal is not None
    if FEATURE not in call.principal.features:
        raise Fault(
            "feature_not_allowed",
            f"This key may not have requests passed through: it lacks the feature '{FEATURE}'. "
            f"Use an endpoint of the gateway's own, or ask an administrator to add '{FEATURE}' to the key's features.",
        )


def _not_listed(call: Call, provider: str) -> Fault:
    """The same for a provider that is not there: whoever asks learns what is listed, and nothing else."""
    assert call.principal is not None
    through, allowed = call.snapshot.passthrough.get(provider), call.principal.providers
    known = through is not None and (allowed is None or provider in allowed)
    listed = ", ".join(passage.line for passage in through.passages) if through is not None and known else ""
    there = f"There is: {listed}. " if listed else ""
    return Fault(
        "unknown_endpoint",
        f"Nothing is passed through to '{provider[:_SHOWN]}' by that method and path, which have to be written as they are listed. {there}"
        "An administrator can add a line to 'passthrough' of the provider.",
    )


def _with_ids(ask: Ask, passage: Passage, ids: _Ids) -> Ask:
    """The same with ids in the place of their tokens."""
    if passage.shared or not ask.fields:
        return ask
    fields = {name: msgspec.Raw(with_opened(bytes(raw), name, passage.ids, ids.opened)) for name, raw in ask.fields.items()}
    return msgspec.structs.replace(ask, fields=fields)


def _parameters(query: str, passage: Passage, ids: _Ids) -> list[tuple[str, str]]:
    """What travels on of the query. Raises `Fault` for all else: it may be a credential, or change what is asked."""
    try:
        said = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Fault(
            "invalid_request", f"The query cannot be read. Send at most {_MOST_PARAMETERS} parameters, in UTF-8."
        ) from None
    for name, _ in said:
        if name not in passage.query:
            allowed = f"Send none but {', '.join(sorted(passage.query))}" if passage.query else "Send none"
            raise Fault(
                "invalid_request",
                f"The parameter {name[:_SHOWN]!a} of the query is not passed on to {passage.line}. "
                f"{allowed}, or have an administrator add it to 'query' there.",
                param=name[:_SHOWN],
            )
    return [(name, ids.opened(value, name) if value and name in passage.ids else value) for name, value in said]


def _only(model: Model, target: Target, passage: Passage) -> Model:
    """The model as this one target has it, and nothing after a failure."""
    targets = (_through(target, passage),)
    return msgspec.structs.replace(model, targets=targets, fallbacks=(), retry=_ONCE, reserve=passage.reserve or model.reserve)


def _through(target: Target, passage: Passage) -> Target:
    """The same target, asked as the passage says."""
    return msgspec.structs.replace(
        target,
        dialect=FRONT,
        heads={},
        stream_heads={},
        variants={},
        body=None,
        default_headers={},
        price=target.price if passage.by_model else passage.price,
    )
