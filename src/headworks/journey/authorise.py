"""May this principal ask this model for this?"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.facts import CUSTOMER, SESSION, Facts, customer_of
from headworks.domain.features import refuse_ordinary
from headworks.domain.governed import refuse_governed, refuse_governed_headers
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.journey.permission import Permission, model_asked, refuse_endpoint
from headworks.ports.interpreter import Interpreter
from headworks.ports.references import References
from headworks.ports.stage import Proceed

BODILESS = frozenset((Kind.MODELS, Kind.MODEL))


class Authorise:
    """Reads the body, as far as decisions need it, and decides."""

    def __init__(self, interpreter: Interpreter, permission: Permission, references: References) -> None:
        self._interpreter = interpreter
        self._permission = permission
        self._references = references

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses what is malformed, unknown or not allowed. Waits only for a body that is still coming."""
        refuse_endpoint(call)
        if call.kind in BODILESS:
            return proceed(call)
        if not call.body.complete:
            return self._when_complete(call, proceed)
        return proceed(self._authorised(call, call.body.data))

    async def _when_complete(self, call: Call, proceed: Proceed) -> Reply:
        return await proceed(self._authorised(call, await call.body.read()))

    def _authorised(self, call: Call, body: bytes) -> Call:
        ask = self._interpreter.read_ask(call.front, call.kind, body, call.where)
        call.tally.asked = ask.model
        principal = call.principal
        assert principal is not None
        model = model_asked(call, ask, principal)
        refuse_governed_headers(call.front, call.headers, principal)
        refuse_governed(call.front, ask, principal)
        refuse_ordinary(ask, principal)
        if principal.tags or CUSTOMER in call.headers:
            ask = _for_whom(call, ask, principal)
        plan = self._permission.plan(call, ask, ask.model, model)
        customer = self._references.customer(principal.organisation, ask.user) if ask.user else ""
        call = msgspec.structs.replace(call, ask=ask, plan=plan, customer=customer)
        return call if Facts.HEADERS.isdisjoint(call.headers) else self._told(call, principal)

    def _told(self, call: Call, principal: Principal) -> Call:
        """A call that says something of itself in headers of ours."""
        facts = Facts(call)
        facts.check()
        if SESSION not in call.headers:
            return call
        session = facts.session
        return msgspec.structs.replace(
            call, session=self._references.session(principal.organisation, session) if session else ""
        )


def _for_whom(call: Call, ask: Ask, principal: Principal) -> Ask:
    """The same, with the customer where a header or the key tells it: from here on there is one."""
    customer = customer_of(call, ask, principal)
    return ask if customer == ask.user else msgspec.structs.replace(ask, user=customer)
