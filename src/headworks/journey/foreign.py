"""Ids of things that were made before: opened where a request names one, and the request led to whoever keeps it.

Whoever asks for another tenant's thing, and whoever asks for what is not there, is told the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.foreign import HERE, ForeignId
from headworks.domain.foreign_fields import Named, ids_named
from headworks.domain.items import references, tokens
from headworks.domain.kept import Kept
from headworks.domain.plan import Plan
from headworks.domain.snapshot import Model
from headworks.domain.target import EVERYBODY, AskedModel, Target
from headworks.journey.permission import Permission
from headworks.journey.recall import GOES_ON, INPUT, Recall, tenant_of, unknown, unknown_item
from headworks.ports.foreign import ForeignIds
from headworks.ports.responses import Responses

RESPONSES = "openai_responses"
_TRUE = ("true", "1")
_BAD_REQUEST = 400


class Foreign:
    """What Authorise asks of ids. One per process."""

    def __init__(self, ids: ForeignIds, responses: Responses, permission: Permission) -> None:
        self._ids = ids
        self.recall = Recall(ids, responses)
        self._permission = permission

    async def found(self, call: Call) -> Call:
        """A call about the thing that its path names: with what is kept here, or pinned to the target that keeps it. Raises `Fault`."""
        token = call.where.subject
        opened = self._ids.open(tenant_of(call), token)
        if opened is None:
            raise unknown(token)
        model = call.snapshot.find(opened.model)
        if opened.credential == HERE:
            return _at_hand(call, await self.recall.kept(call, token), model)
        target = _keeper(model.every_target, opened, call.front) if model is not None else None
        if model is None or target is None:
            raise unknown(token)
        if call.kind not in target.heads:
            what = f"The provider '{target.provider}', which keeps this answer, offers no '{call.kind}' of it."
            raise Fault("invalid_request", f"{what} Ask for the answer itself.")
        ask = Ask(model=AskedModel(opened.model), stream=dict(call.where.query).get("stream") in _TRUE)
        call = msgspec.structs.replace(call, ask=ask, pinned=target, opened={token: opened.id})
        call.tally.asked = ask.model
        return msgspec.structs.replace(call, plan=self._permission.plan(call, ask, ask.model, model))

    def settled(self, call: Call, ask: Ask, plan: Plan) -> Call:
        """The call with the tokens in its fields opened, and pinned to a target that knows their ids. Raises `Fault`."""
        referred = _referred(ask)
        named = [*ids_named(call.front, ask.fields), *referred]
        items = self._openable(call, tokens(ask.fields)) if call.front == RESPONSES else {}
        if not named:
            return _with_opened(call, ask, {INPUT}, items) if items else call
        tenant = tenant_of(call)
        opened: dict[str, ForeignId] = {}
        plain: list[Named] = []
        for each in named:
            made = self._ids.open(tenant, each.id)
            if made is None or made.credential == HERE:
                plain.append(each)
            else:
                opened[each.id] = made
        pinned = _pinned(call.front, plan, list(opened.values()), tenant if plain else "")
        if pinned is None:
            blamed = (plain or named)[0]
            raise unknown_item(blamed.id) if blamed in referred else unknown(blamed.id, blamed.param)
        call = msgspec.structs.replace(call, pinned=pinned)
        return _with_opened(call, ask, {each.param for each in named} | {INPUT}, items | opened)

    def _openable(self, call: Call, listed: Sequence[str]) -> dict[str, ForeignId]:
        """Of items that are given back whole: they may go to any account, where their ids say nothing."""
        opened = {token: self._ids.open(tenant_of(call), token) for token in listed}
        return {token: made for token, made in opened.items() if made is not None}

    def opened(self, call: Call, target: Target, token: str, param: str = "") -> str:
        """The id of a token, for the account that a target asks; an id in the open, where that account is this tenant's alone. Raises `Fault`."""
        tenant = tenant_of(call)
        made = self._ids.open(tenant, token)
        if made is not None and made.credential == target.credential:
            return made.id
        if made is None and target.tenant in (tenant, EVERYBODY):
            return token
        fault = unknown(token)
        fault.param = param or None
        fault.status = _BAD_REQUEST if param else fault.status
        raise fault


def _at_hand(call: Call, kept: Kept, model: Model | None) -> Call:
    """A call that goes nowhere. Where its model is still there, the limits of requests hold for it as for every other."""
    call = msgspec.structs.replace(call, kept=kept)
    if model is None:
        return call
    call.tally.asked = model.name
    return msgspec.structs.replace(call, ask=Ask(model=model.name), plan=Plan(model, model.targets, ()))


def _keeper(targets: Sequence[Target], made: ForeignId, front: str) -> Target | None:
    """The target that an id was come by through, where it still leads to the same account."""
    spoken = (target.variants.get(front, target) for target in targets if target.name == made.target)
    return next((target for target in spoken if target.credential == made.credential), None)


def _pinned(front: str, plan: Plan, opened: Sequence[ForeignId], owner: str) -> Target | None:
    """The first target that knows all these ids; with `owner`, also of an account that is this tenant's alone."""
    accounts = {made.credential for made in opened}
    fitting = [
        target
        for target in plan.targets
        if target.dialect == front and accounts <= {target.credential} and (not owner or target.tenant in (owner, EVERYBODY))
    ]
    names = {made.target for made in opened}
    return next((target for target in fitting if target.name in names), fitting[0] if fitting else None)


def _referred(ask: Ask) -> list[Named]:
    """Items of a question that are only references. What is kept here stands in their place already."""
    return (
        [Named(id_, INPUT) for id_ in references(bytes(ask.fields[INPUT]))]
        if GOES_ON in ask.features and INPUT in ask.fields
        else []
    )


def _with_opened(call: Call, ask: Ask, params: set[str], opened: Mapping[str, ForeignId]) -> Call:
    """The call with ids in the place of their tokens, which no JSON writer escapes."""
    ids = {token: made.id for token, made in opened.items()}
    changed = dict(ask.fields)
    for param in params & changed.keys():
        raw = bytes(changed[param])
        for token, id_ in ids.items():
            raw = raw.replace(b'"%b"' % token.encode(), msgspec.json.encode(id_))
        changed[param] = msgspec.Raw(raw)
    return msgspec.structs.replace(call, ask=msgspec.structs.replace(ask, fields=changed), opened=ids)
