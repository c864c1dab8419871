"""May this principal ask this model for this?"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from headworks.domain.call import Ask, Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.facts import CUSTOMER, SESSION, Facts, customer_of
from headworks.domain.features import refuse_ordinary
from headworks.domain.governed import refuse_governed, refuse_governed_headers
from headworks.domain.kind import BY_ID, UPLOADS
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Model, Version
from headworks.domain.versions import PIN
from headworks.domain.where import Where
from headworks.journey.feedback import heard
from headworks.journey.foreign import RESPONSES, Foreign
from headworks.journey.naming import named
from headworks.journey.passing import Passing
from headworks.journey.permission import Permission, model_asked, refuse_endpoint
from headworks.journey.recall import GOES_ON
from headworks.journey.uploads import measured
from headworks.journey.versioning import Versioning
from headworks.ports.interpreter import Interpreter
from headworks.ports.references import References
from headworks.ports.stage import Proceed

BODILESS = frozenset((Kind.MODELS, Kind.MODEL))


class Authorise:
    """Reads the body, as far as decisions need it, and decides."""

    def __init__(
        self,
        interpreter: Interpreter,
        permission: Permission,
        references: References,
        foreign: Foreign,
        versioning: Versioning,
    ) -> None:
        self._interpreter = interpreter
        self._permission = permission
        self._references = references
        self._foreign = foreign
        self._recall = foreign.recall
        self._versioning = versioning
        self._passing = Passing(interpreter, foreign)

    def __call__(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Refuses what is malformed, unknown or not allowed. Waits only for a body that is still coming, and for what was kept."""
        refuse_endpoint(call)
        if call.kind in BODILESS:
            return proceed(call) if call.where.subject or call.kind is Kind.MODELS else self._shown(call, proceed)
        if call.kind in BY_ID:
            return self._found(call, proceed)
        if call.kind is Kind.FEEDBACK:
            return self._heard(call, proceed)
        if not call.body.complete:
            return self._when_complete(call, proceed)
        return self._read(call, call.body.data, proceed)

    async def _shown(self, call: Call, proceed: Proceed) -> Reply:
        """About one model, which the body names instead of the path."""
        ask = self._interpreter.read_ask(call.front, call.kind, await call.body.read(), call.where)
        return await proceed(msgspec.structs.replace(call, where=Where(ask.model)))

    async def _found(self, call: Call, proceed: Proceed) -> Reply:
        return await proceed(await self._foreign.found(call))

    async def _heard(self, call: Call, proceed: Proceed) -> Reply:
        return await proceed(await heard(call))

    async def _when_complete(self, call: Call, proceed: Proceed) -> Reply:
        return await self._read(call, await call.body.read(), proceed)

    def _read(self, call: Call, body: bytes, proceed: Proceed) -> Awaitable[Reply]:
        if call.kind is Kind.PASSTHROUGH:
            return proceed(self._authorised(*self._passing.led(call, body)))
        ask = self._interpreter.read_ask(call.front, call.kind, body, call.where)
        if call.kind in UPLOADS:
            ask = measured(call, ask)
        if not ask.model:
            ask = named(call, ask)
        call.tally.asked = ask.model
        if GOES_ON in ask.features:
            return self._continued(call, ask, proceed)
        call = self._authorised(call, ask)
        return proceed(call) if call.assignment is None else self._versioning.led(call, proceed)

    async def _continued(self, call: Call, ask: Ask, proceed: Proceed) -> Reply:
        continued = await self._recall.continued(call, ask)
        if continued is not call:
            ask = self._interpreter.read_ask(call.front, call.kind, continued.body.data, call.where)
        return await proceed(self._authorised(continued, ask))

    def _authorised(self, call: Call, ask: Ask, model: Model | None = None) -> Call:
        principal = call.principal
        assert principal is not None
        model = model or model_asked(call, ask, principal)
        refuse_governed_headers(call.front, call.headers, principal)
        refuse_governed(call.front, ask, principal)
        refuse_ordinary(ask, principal)
        if principal.tags or CUSTOMER in call.headers:
            ask = _for_whom(call, ask, principal)
        if call.front == RESPONSES:
            ask = _kept(call, ask, principal)
        if model.versions and call.passed is None:
            call, model = self._versioning.assigned(call, ask, model)
        plan = self._permission.plan(call, ask, ask.model, model)
        if isinstance(model, Version):
            ask = self._versioning.shaped(call, ask, model)
        if call.kind is Kind.REALTIME:
            call.tally.judge = self._permission.besides
        customer = self._references.customer(principal.organisation, ask.user) if ask.user and not call.parent else ""
        call = msgspec.structs.replace(call, ask=ask, plan=plan, customer=customer)
        if principal.features or call.front == RESPONSES:  # without a feature nothing that names a foreign id has come this far
            call = self._foreign.settled(call, ask, plan)
        return call if Facts.HEADERS.isdisjoint(call.headers) else self._told(call, principal)

    def _told(self, call: Call, principal: Principal) -> Call:
        """A call that says something of itself in headers of ours."""
        facts = Facts(call)
        facts.check()
        if PIN in call.headers and call.assignment is None:
            raise _without_versions(call)
        if SESSION not in call.headers:
            return call
        session = facts.session
        return msgspec.structs.replace(
            call, session=self._references.session(principal.organisation, session) if session else ""
        )


def _without_versions(call: Call) -> Fault:
    return Fault(
        "version_not_found",
        f"The model '{call.tally.asked}' has no versions. Leave the header '{PIN.decode()}' out.",
        param=PIN.decode(),
    )


def _kept(call: Call, ask: Ask, principal: Principal) -> Ask:
    """The same, with whether the answer is kept. Left out, `store` means what it means at OpenAI, for who may have things stored."""
    store = bytes(ask.fields.get("store", b"null"))
    if not call.snapshot.cache.zero_retention:
        keep = store == b"true" or (store == b"null" and "store" in principal.features)
        return msgspec.structs.replace(ask, keep=True) if keep and call.kind is Kind.CHAT else ask
    if store == b"true":
        raise Fault(
            "feature_not_allowed", "No answer outlives its request here (zero_retention). Leave 'store' out.", param="store"
        )
    return ask


def _for_whom(call: Call, ask: Ask, principal: Principal) -> Ask:
    """The same, with the customer where a header or the key tells it: from here on there is one."""
    customer = customer_of(call, ask, principal)
    return ask if customer == ask.user else msgspec.structs.replace(ask, user=customer)
