"""Which model a request is about that is only carried, by whichever of its names: one that the caller may use, at that provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.governed import features_of_name
from headworks.domain.passthrough import FEATURE, MODEL, Passage, PassThrough
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel, Target

_SHOWN = 100
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode


def model_named(passage: Passage, in_path: str, ask: Ask) -> str:
    """The one model that a request names; empty for none. Raises `Fault` for two, and for none where it decides the price."""
    if in_path and ask.model and in_path != ask.model:
        raise Fault("invalid_request", "The path and the body name different models. Name one of them.", param=MODEL)
    named = in_path or ask.model
    if passage.by_model and not named:
        raise Fault(
            "invalid_request",
            "The field 'model' is missing: name the model, which decides what the request costs.",
            param=MODEL,
        )
    return named


def model_at(call: Call, provider: str, through: PassThrough, named: str) -> tuple[Model, Target]:
    """The model of that name at the provider, by the first of its names that the caller may use. Where there is none, by its full name:
    whether that is allowed is asked later, as of every model.
    """
    if not named:
        return _own(through, f"{FEATURE}/{provider}", "")
    assert call.principal is not None
    full = f"{provider}/{named}"
    for name in (named, full, *through.known_as.get(named, ())):
        model = call.snapshot.find(name)
        target = _at(model, provider, "" if name == named else named)
        if model is not None and target is not None and call.principal.may_ask(name, model.name):
            return msgspec.structs.replace(model, name=AskedModel(name)), target
    return _own(through, full, named)


def refuse_other_models(call: Call, provider: str, through: PassThrough, fields: Mapping[str, msgspec.Raw]) -> None:
    """Raise `model_not_allowed` for who may not use a model that is named deeper in a body: of a part of a job, of a session."""
    principal = call.principal
    assert principal is not None
    if principal.may_use("*"):
        return
    for name, raw in fields.items():
        for named in _named_in(_read(bytes(raw), name)):
            model, _ = model_at(call, provider, through, named)
            if not principal.may_ask(model.name, model.name):
                raise Fault(
                    "model_not_allowed",
                    f"This key may not use the model '{named[:_SHOWN]}', which '{name[:_SHOWN]}' names. Name one that it may use.",
                    param=name[:_SHOWN],
                )


def _named_in(value: object) -> Iterator[str]:
    """What members called `model` hold, at any depth and in any spelling."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case list(values):
                waiting += values
            case dict(members):
                yield from (each for key, each in members.items() if isinstance(each, str) and key.casefold() == MODEL)
                waiting += members.values()
            case _:
                pass


def _read(raw: bytes, name: str) -> object:
    if not raw.startswith((b"{", b"[")):
        return None
    try:
        return _decode(raw)
    except _UNREADABLE:
        raise Fault(
            "invalid_json", f"The field '{name[:_SHOWN]}' cannot be read. Send plain JSON, less deeply nested."
        ) from None


def _own(through: PassThrough, name: str, named: str) -> tuple[Model, Target]:
    target = through.target(named)
    return Model(name=AskedModel(name), targets=(target,), needs=features_of_name(named)), target


def _at(model: Model | None, provider: str, named: str) -> Target | None:
    """A model's target at a provider; with `named`, one that is that model there."""
    targets = model.every_target if model is not None else ()
    return next((each for each in targets if each.provider == provider and named in ("", each.model)), None)
