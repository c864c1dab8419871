"""The models a caller may ask for: the endpoint that Route answers by itself."""

from __future__ import annotations

from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.ports.dialect import Interpreter

_JSON = (b"content-type", b"application/json")


def list_models(call: Call, interpreter: Interpreter) -> Reply:
    """`GET /v1/models`, `GET /v1/models/{id}`: in the caller's dialect, and only what this caller may use."""
    assert call.principal is not None
    if call.kind is Kind.MODELS:
        names = call.snapshot.names_for(call.principal)
        models = [model for name in names if (model := call.snapshot.find(name)) is not None]
        return Reply.of(200, [_JSON], interpreter.write_models(call.front, models))
    model = call.snapshot.find(call.subject) if call.principal.may_use(call.subject) else None
    if model is None:
        close = call.snapshot.suggest(call.subject, call.principal)
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        raise Fault(
            "model_not_found",
            f"The model '{call.subject}' does not exist here, or this key may not use it.{hint}",
            param="model",
        )
    return Reply.of(200, [_JSON], interpreter.write_model(call.front, model))
