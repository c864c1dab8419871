"""The models a caller may ask for: the endpoint that Route answers by itself."""

from __future__ import annotations

from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.domain.snapshot import LONGEST_NAME
from headworks.ports.interpreter import Interpreter

_JSON = (b"content-type", b"application/json")
_SHOWN = 60


def list_models(call: Call, interpreter: Interpreter) -> Reply:
    """`GET /v1/models`, `GET /v1/models/{id}`: in the caller's dialect, and only what this caller may use.

    A list has no patterns; one model is found by a pattern too.
    """
    principal, name = call.principal, call.where.subject
    assert principal is not None
    if call.kind is Kind.MODELS:
        return Reply.of(200, [_JSON], interpreter.write_models(call.front, call.snapshot.listed_for(principal)))
    model = call.snapshot.find(name)
    if model is None or not principal.may_ask(name, model.name):
        raise _unknown(call, name)
    return Reply.of(200, [_JSON], interpreter.write_model(call.front, model))


def _unknown(call: Call, name: str) -> Fault:
    if len(name) > LONGEST_NAME:
        return Fault(
            "model_not_found",
            f"No model's name is longer than {LONGEST_NAME} characters, and '{name[:_SHOWN]}…' has {len(name)}. "
            "GET /v1/models lists the models that this key may use.",
            param="model",
        )
    assert call.principal is not None
    close = call.snapshot.suggest(name, call.principal)
    hint = f"Did you mean {', '.join(close)}? " if close else ""
    return Fault(
        "model_not_found",
        f"The model '{name}' does not exist here, or this key may not use it. {hint}"
        "GET /v1/models lists the models that this key may use.",
        param="model",
    )
