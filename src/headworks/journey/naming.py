"""Which model is meant by a request that names none."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.kind import Kind
from headworks.domain.target import AskedModel

USUAL = "omni-moderation-latest"
"""What OpenAI asks where a moderation names nothing."""


def named(call: Call, ask: Ask) -> Ask:
    """The same with a model: the usual one where there is one of that name, else the caller's only one that serves this kind of request.

    Raises `Fault` `invalid_request` where that leaves none or several.
    """
    return msgspec.structs.replace(ask, model=AskedModel(USUAL if _may_ask_usual(call) else _only(call)))


def _may_ask_usual(call: Call) -> bool:
    principal = call.principal
    assert principal is not None
    return call.kind is Kind.MODERATIONS and principal.may_use(USUAL) and call.snapshot.find(USUAL) is not None


def _only(call: Call) -> str:
    principal = call.principal
    assert principal is not None
    listed = call.snapshot.listed_for(principal)
    serving = [model.name for model in listed if call.kind in (model.profile.serves or ())]
    if len(serving) == 1:
        return serving[0]
    several = f"Name one of {', '.join(sorted(serving))}." if serving else "Name one that serves it, one of GET /v1/models."
    raise Fault(
        "invalid_request",
        f"The field 'model' is missing, and nothing says which model should serve this {call.kind.value} request. {several}",
        param="model",
    )
