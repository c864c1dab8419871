"""Ids of things that were made before: opened where a request names one, and the request led to whoever keeps it.

Whoever asks for another tenant's thing, and whoever asks for what is not there, is told the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headworks.domain.body import Whole
from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.foreign import HERE, ForeignId
from headworks.domain.foreign_fields import Named, ids_named
from headworks.domain.kept import Kept, continued
from headworks.domain.plan import Plan
from headworks.domain.snapshot import Model
from headworks.domain.target import EVERYBODY, AskedModel, Target
from headworks.journey.permission import Permission
from headworks.ports.foreign import ForeignIds
from headworks.ports.responses import Responses

PREVIOUS = "previous_response_id"
_TRUE = ("true", "1")
_SHOWN = 80
_BAD_REQUEST = 400


class Foreign:
    """What Authorise asks of ids. One per process."""

    def __init__(self, ids: ForeignIds, responses: Responses, permission: Permission) -> None:
        self._ids = ids
        self._responses = responses
        self._permission = permission

    async def found(self, call: Call) -> Call:
        """A call about the thing that its path names: with what is kept here, or pinned to the target that keeps it. Raises `Fault`."""
        token = call.where.subject
        opened = self._ids.open(_tenant(call), token)
        if opened is None:
            raise unknown(token)
        model = call.snapshot.find(opened.model)
        if opened.credential == HERE:
            return _at_hand(call, await self._kept(call, token), model)
        target = _keeper(model.targets, opened, call.front) if model is not None else None
        if model is None or target is None:
            raise unknown(token)
        if call.kind not in target.heads:
            what = f"The provider '{target.provider}', which keeps this answer, offers no '{call.kind}' of it."
            raise Fault("invalid_request", f"{what} Ask for the answer itself.")
        ask = Ask(model=AskedModel(opened.model), stream=dict(call.where.query).get("stream") in _TRUE)
        call = msgspec.structs.replace(call, ask=ask, pinned=target, opened={token: opened.id})
        call.tally.asked = ask.model
        return msgspec.structs.replace(call, plan=self._permission.plan(call, ask, ask.model, model))

    async def continued(self, call: Call, ask: Ask) -> Call:
        """The call with all that was said before in its body, where it goes on from an answer that is kept here."""
        token = _text(ask.fields[PREVIOUS])
        opened = self._ids.open(_tenant(call), token)
        if opened is None or opened.credential != HERE:
            return call  # a provider keeps it, or nobody: `settled` judges
        kept = await self._kept(call, token, PREVIOUS)
        body = continued(ask.fields, kept)
        largest = call.snapshot.edge.max_body_bytes
        if len(body) > largest:
            raise Fault(
                "request_too_large",
                f"With all turns before it the request is larger than {largest} bytes, the limit set here (server.max_body_bytes). "
                "Send the turns that matter as items of 'input', without 'previous_response_id'.",
                param=PREVIOUS,
            )
        return msgspec.structs.replace(call, body=Whole(body), kept=kept)

    def settled(self, call: Call, ask: Ask, plan: Plan) -> Call:
        """The call with the tokens in its fields opened, and pinned to a target that knows their ids. Raises `Fault`."""
        named = ids_named(call.front, ask.fields)
        if not named:
            return call
        tenant = _tenant(call)
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
            raise unknown((plain or named)[0].id, (plain or named)[0].param)
        ids = {token: made.id for token, made in opened.items()}
        fields = _with_ids(ask.fields, {each.param for each in named}, ids)
        return msgspec.structs.replace(call, ask=msgspec.structs.replace(ask, fields=fields), pinned=pinned, opened=ids)

    def opened(self, call: Call, target: Target, token: str, param: str = "") -> str:
        """The id of a token, for the account that a target asks; an id in the open, where that account is this tenant's alone. Raises `Fault`."""
        tenant = _tenant(call)
        made = self._ids.open(tenant, token)
        if made is not None and made.credential == target.credential:
            return made.id
        if made is None and target.tenant in (tenant, EVERYBODY):
            return token
        fault = unknown(token)
        fault.param = param or None
        fault.status = _BAD_REQUEST if param else fault.status
        raise fault

    async def _kept(self, call: Call, token: str, param: str = "") -> Kept:
        kept = await self._responses.find(_tenant(call), token)
        if kept is None:
            raise unknown(token, param)
        return kept


def _at_hand(call: Call, kept: Kept, model: Model | None) -> Call:
    """A call that goes nowhere. Where its model is still there, the limits of requests hold for it as for every other."""
    call = msgspec.structs.replace(call, kept=kept)
    if model is None:
        return call
    call.tally.asked = model.name
    return msgspec.structs.replace(call, ask=Ask(model=model.name), plan=Plan(model, model.targets, ()))


def unknown(token: str, param: str = "") -> Fault:
    """What is told of every id that leads nowhere, whyever."""
    what = f"There is nothing here by the id '{token[:_SHOWN]}'{' that this model could read' if param else ''}."
    remedy = "Use an id as this gateway has given it to you, of something that was kept and not deleted."
    return Fault("unknown_id", f"{what} {remedy}", param=param or None, status=_BAD_REQUEST if param else None)


def _tenant(call: Call) -> str:
    assert call.principal is not None
    return call.principal.tenant


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


def _with_ids(fields: Mapping[str, msgspec.Raw], params: set[str], ids: Mapping[str, str]) -> Mapping[str, msgspec.Raw]:
    """The fields with ids in the place of their tokens, which no JSON writer escapes."""
    changed = dict(fields)
    for param in params:
        raw = bytes(fields[param])
        for token, id_ in ids.items():
            raw = raw.replace(b'"%b"' % token.encode(), msgspec.json.encode(id_))
        changed[param] = msgspec.Raw(raw)
    return changed


def _text(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", f"'{PREVIOUS}' must be the id of an answer.", param=PREVIOUS) from None
