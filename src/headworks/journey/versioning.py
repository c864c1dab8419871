"""Which version of a model serves a request, and what that version makes of it."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.facts import SESSION
from headworks.domain.kind import Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.position import Position, assigned
from headworks.domain.prompt import SPELLINGS, values_of
from headworks.domain.reply import Reply
from headworks.domain.shadow import may_be_shadowed
from headworks.domain.shape import Shape
from headworks.domain.snapshot import Model, Version
from headworks.domain.versions import PIN, PIN_FEATURE, Assignment, Merit
from headworks.journey.permission import Permission
from headworks.journey.shadows import Shadows
from headworks.ports.clock import Chance
from headworks.ports.interpreter import Interpreter
from headworks.ports.rollouts import Positions
from headworks.ports.stage import Proceed

_ANSWERED = frozenset((Kind.CHAT, Kind.COMPLETIONS))
"""What parameters are for."""
_PROMPTED = frozenset((Kind.CHAT, Kind.COUNT_TOKENS))
"""What a prompt is put before."""
_SHAPED = _ANSWERED | _PROMPTED
_UNPROMPTED = {Kind.COMPLETIONS: "completions", Kind.REALTIME: "a conversation in real time"}
"""What would go without a prompt that it was meant to have."""
_FAILED = frozenset((Ending.FAILED, Ending.SEVERED))
_UNASKED = frozenset(("circuit_open", "upstream_credentials"))
"""Faults of a version's targets that end a request before any of them is tried."""
_REJECTED = frozenset(("upstream_rejected", "inexpressible"))
"""Faults that a version's own targets and parameters may have caused, though they are told to the caller as its own."""


class Versioning:
    """One per process. Nothing here waits, and models without versions come by no more than a look whether they have some."""

    def __init__(
        self, positions: Positions, permission: Permission, interpreter: Interpreter, shadows: Shadows, chance: Chance
    ) -> None:
        self._positions = positions
        self._permission = permission
        self._interpreter = interpreter
        self._shadows = shadows
        self._chance = chance

    def assigned(self, call: Call, ask: Ask, model: Model) -> tuple[Call, Version]:
        """The version that serves, and the call that knows of it. Raises `Fault`."""
        self._permission.refuse_model(call, ask.model, model)
        if call.assignment is not None:
            return call, self._given(call, model, call.assignment.version)
        pinned = call.headers.get(PIN)
        if pinned is not None:
            version = _pinned(call, model, pinned.decode("latin-1").strip())
            return msgspec.structs.replace(call, assignment=Assignment(version=version.number)), version
        position = self._positions.of(model.name)
        if position is None or not position.leads(model.live):
            return msgspec.structs.replace(call, assignment=Assignment(version=model.live)), model.versions[model.live]
        unit = unit_of(call, ask, position)
        number = assigned(position, unit)
        version = model.versions.get(number) or model.versions[model.live]
        assignment = Assignment(version=version.number, rollout=position.id, step=position.step)
        call.closing.conclude(partial(self._tell, call, position, version, unit))
        return msgspec.structs.replace(call, assignment=assignment), version

    def led(self, call: Call, proceed: Proceed) -> Awaitable[Reply]:
        """Proceed, and ask another version the same besides: where the rollout wants it, and it does no harm."""
        assert call.plan is not None
        position = self._positions.of(call.plan.model.name)
        if position is None or not position.shadow or not may_be_shadowed(call, position.baseline):
            return proceed(call)
        if self._chance.random() >= position.shadow:
            return proceed(call)
        shadow = Assignment(version=position.candidate, rollout=position.id, step=position.step)
        return self._shadowed(msgspec.structs.replace(call, shadow=shadow), proceed)

    def shaped(self, call: Call, ask: Ask, version: Version) -> Ask:
        """The question as the version wants it asked. Raises `Fault` `invalid_request` where its prompt lacks a value."""
        if version.template is not None and call.kind in _UNPROMPTED:
            raise Fault(
                "invalid_request",
                f"The model '{version.name}' has a prompt, which {_UNPROMPTED[call.kind]} would go without. Ask it as a chat.",
                param="model",
            )
        if call.kind not in _SHAPED:
            return ask
        shape = _shape(call, ask, version)
        if not (shape.said or shape.defaults or shape.fixed or not SPELLINGS.isdisjoint(ask.fields)):
            return ask
        shaped = self._interpreter.shape(call.front, call.kind, ask, shape)
        again = self._interpreter.read_ask(call.front, call.kind, shaped.body, call.where)
        added = len(shaped.body) - len(call.body.data)
        return msgspec.structs.replace(again, user=ask.user, keep=ask.keep, unsaid=shaped.unsaid, added=added)

    async def _shadowed(self, call: Call, proceed: Proceed) -> Reply:
        reply = await proceed(call)
        self._shadows.watch(call, reply)
        return reply

    def _given(self, call: Call, model: Model, number: str) -> Version:
        """What whoever made the call has decided: see `shadows.py`."""
        if call.tally.concluding is not None:
            call.closing.conclude(call.tally.concluding)
            call.tally.concluding = None
        version = model.versions.get(number)
        if version is None:
            raise _no_version(model, number)
        if call.assignment is not None and call.assignment.rollout:
            call.closing.conclude(partial(_note_merit, call, version))
        return version

    def _tell(self, call: Call, position: Position, version: Version, unit: str, outcome: Outcome) -> None:
        merit = _merit(call, version, outcome)
        rejected = outcome.fault in _REJECTED
        if (rejected or merit == Merit.SERVED) and not self._positions.tells(position, version.number, unit, rejected=rejected):
            merit = ""
        call.tally.merit = merit
        if merit:
            tripped = self._positions.saw(position, version.number, failed=merit == Merit.FAILED)
            if tripped:
                call.tally.notes["rollout"] = tripped


def _note_merit(call: Call, version: Version, outcome: Outcome) -> None:
    call.tally.merit = _merit(call, version, outcome)


def _merit(call: Call, version: Version, outcome: Outcome) -> str:
    """What a fallback had to serve has failed: it is no merit of the version's. So has what none of its targets was asked for any more,
    having failed before.
    """
    tried = call.tally.tried
    if outcome.fault in _UNASKED:
        return Merit.FAILED
    if not tried or outcome.ending in (Ending.CLIENT_GONE, Ending.CANCELLED):
        return ""
    own = any(target.name == tried[-1].target for target in version.targets)
    failed = not own or outcome.ending in _FAILED or outcome.fault in _REJECTED
    return Merit.FAILED if failed else Merit.SERVED


def unit_of(call: Call, ask: Ask, position: Position) -> str:
    """What keeps its version. Those of different tenants are never one."""
    principal = call.principal
    assert principal is not None
    session = call.headers.get(SESSION, b"").decode("utf-8", "replace") if position.unit == "session" else ""
    user = (ask.user or principal.user) if position.unit in ("session", "user") else ""
    if position.unit == "request":
        return call.headers.get(b"idempotency-key", b"").decode("latin-1") or call.id
    return f"{principal.tenant}\n{session or user or principal.id}"


def _pinned(call: Call, model: Model, number: str) -> Version:
    principal = call.principal
    assert principal is not None
    if PIN_FEATURE not in principal.features:
        raise Fault(
            "feature_not_allowed",
            f"The header '{PIN.decode()}' is governed: this key lacks the feature '{PIN_FEATURE}'. "
            f"Leave it out, or ask an administrator to add '{PIN_FEATURE}' to the key's features.",
            param=PIN.decode(),
        )
    version = model.versions.get(number)
    if version is None:
        raise _no_version(model, number)
    return version


def _no_version(model: Model, number: str) -> Fault:
    return Fault(
        "version_not_found",
        f"The model '{model.name}' has no version '{number[:60]}'. Ask for one of {', '.join(model.versions)}.",
        param=PIN.decode(),
    )


def _shape(call: Call, ask: Ask, version: Version) -> Shape:
    template = version.template if call.kind in _PROMPTED else None
    shape = Shape(said=template.said(values_of(ask.fields)) if template is not None else ())
    if shape.turns and (call.kept is not None or "previous_response_id" in ask.fields):
        shape = Shape(
            said=tuple(turn for turn in shape.said if turn.role == "system")
        )  # what came before has its turns already
    if call.kind not in _ANSWERED:
        return shape
    return msgspec.structs.replace(shape, defaults=version.defaults, fixed=version.fixed)
