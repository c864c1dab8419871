"""May this principal ask this model for this?"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import refuse_governed, refuse_governed_headers, refuse_governed_model
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Model
from headworks.journey.planner import Planner
from headworks.ports.dialect import Interpreter
from headworks.ports.stage import Proceed

LISTED = 20
"""How many allowed models an error names."""

BODILESS = frozenset((Kind.MODELS, Kind.MODEL))


class Authorise:
    """Reads the body, as far as decisions need it, and decides."""

    def __init__(self, interpreter: Interpreter, planner: Planner) -> None:
        self._interpreter = interpreter
        self._planner = planner

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses what is malformed, unknown or not allowed. Waits only for a body that is still coming."""
        if call.kind in BODILESS:
            return proceed(call)
        if not call.body.complete:
            return self._when_complete(call, proceed)
        return proceed(self._authorised(call, call.body.data))

    async def _when_complete(self, call: Call, proceed: Proceed) -> Reply:
        return await proceed(self._authorised(call, await call.body.read()))

    def _authorised(self, call: Call, body: bytes) -> Call:
        ask = self._interpreter.read_ask(call.front, call.kind, body)
        call.tally.asked = ask.model
        assert call.principal is not None
        model = _allowed_model(call, ask, call.principal)
        refuse_governed_model(model, call.principal)
        refuse_governed_headers(call.front, call.headers, call.principal)
        refuse_governed(call.front, ask, call.principal)
        return msgspec.structs.replace(call, ask=ask, plan=self._planner.plan(call, model))


def _allowed_model(call: Call, ask: Ask, principal: Principal) -> Model:
    model = call.snapshot.find(ask.model)
    if model is not None:
        if principal.may_use(ask.model) or principal.may_use(model.name):
            return model
        raise Fault(
            "model_not_allowed", f"This key may not use the model '{ask.model}'. {_choice(call, principal)}", param="model"
        )
    close = call.snapshot.suggest(ask.model, principal)
    hint = f" Did you mean {_quoted(close)}?" if close else ""
    raise Fault(
        "model_not_found", f"The model '{ask.model}' does not exist here.{hint} {_choice(call, principal)}", param="model"
    )


def _choice(call: Call, principal: Principal) -> str:
    names = call.snapshot.names_for(principal)
    if not names:
        return "The key may use no model: ask an administrator to allow one."
    more = f" and {len(names) - LISTED} more (GET /v1/models)" if len(names) > LISTED else ""
    star = " Write a model's name for the star." if any("*" in name for name in names[:LISTED]) else ""
    return f"Ask one that this key may use: {_quoted(names[:LISTED])}{more}.{star}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
