"""Tokens in the place of a provider's ids, in what one attempt answers: complete events, or a whole answer, and its errors."""

from __future__ import annotations

import re
from functools import partial

import msgspec

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.foreign import HERE, ForeignId
from headworks.domain.foreign_fields import mark_of
from headworks.domain.items import ANSWERED
from headworks.domain.kind import BY_ID, Kind
from headworks.domain.target import Target
from headworks.domain.where import Form
from headworks.ports.foreign import ForeignIds
from headworks.ports.interpreter import Relay

_QUOTED = re.compile(rb'"([^"\\]+)"')
_STATE = re.compile(rb'"(store|previous_response_id)":\s*(?:false|null)')
"""What an upstream says that knows nothing of what is kept here."""
_ANSWERS = frozenset((Kind.RESPONSE, Kind.CANCEL_RESPONSE))
"""Requests about an answer that are told the answer."""


class Sealing:
    """One per attempt. Called with what goes to the client, after `relay` has seen it."""

    def __init__(self, call: Call, target: Target, ids: ForeignIds, relay: Relay, mark: re.Pattern[bytes] | None) -> None:
        assert call.principal is not None
        assert call.plan is not None
        self._seal = partial(ids.seal, call.principal.tenant)
        self._relay = relay
        self._mark = mark
        self._made_id = call.id
        """What an answer is called that its maker gave no id."""
        self._maker = ForeignId("", target.credential)
        if call.passed is None:
            self._maker = ForeignId("", target.credential, target.name, call.plan.model.name)
        self._tokens = {_quoted(id_): _quoted(token) for token, id_ in call.opened.items()}
        self._state: dict[bytes, bytes] = {}
        if call.kept is not None:
            self._state[b"previous_response_id"] = b'"previous_response_id":' + _quoted(call.kept.id)
        self._keeps = call.kind is Kind.CHAT and call.ask is not None and call.ask.keep
        self._names_items = self._keeps or call.kind in _ANSWERS
        self._items: dict[bytes, bytes] = {}
        self._item_maker = self._maker
        self.token = ""
        """Of the answer, where the gateway is to keep it."""
        if self._keeps and kept_here(call, target):
            made = ForeignId(f"resp_{call.id}", HERE, model=call.plan.model.name)
            self.token = self._seal(made)
            self._item_maker = msgspec.structs.replace(made, target=made.id)
            self._state[b"store"] = b'"store":true'

    def __call__(self, data: bytes) -> bytes:
        """The same with tokens."""
        if self._keeps and b'"id"' in data:
            self._learn(self._relay.upstream_id)
        if self._mark is not None:
            data = self._mark.sub(self._sealed, data)
        if self._names_items:
            data = ANSWERED.sub(self._item, data)
        for id_, token in self._tokens.items():
            data = data.replace(id_, token)
        return _STATE.sub(self._stated, data) if self._state else data

    def tell(self, fault: Fault) -> None:
        """Let an upstream's error name no id but by its token. Its words may quote it in any way."""
        for quoted, shown in self._tokens.items():
            id_, token = quoted.strip(b'"'), shown.strip(b'"')
            fault.message = fault.message.replace(id_.decode(), token.decode())
            if fault.said is not None:
                fault.said = msgspec.structs.replace(fault.said, body=fault.said.body.replace(id_, token))

    def _learn(self, id_: str) -> None:
        """The answer's own id; that of an answer in another language is written into one of ours."""
        self._keeps = False
        token = self.token or self._seal(msgspec.structs.replace(self._maker, id=id_))
        told = id_ or self._made_id
        for written in {told, f"resp_{told}"}:
            self._tokens[_quoted(written)] = _quoted(token)

    def _sealed(self, found: re.Match[bytes]) -> bytes:
        named, said = found[1], found[0]
        for id_ in (_QUOTED.findall(named) or [named]) if named else ():
            said = said.replace(b'"%b"' % id_, self._token(id_))
        return said

    def _item(self, found: re.Match[bytes]) -> bytes:
        """An item's id, which a stream says again with every piece."""
        id_ = found[1]
        token = self._items.get(id_)
        if token is None:
            made = msgspec.structs.replace(self._item_maker, id=id_.decode("utf-8", "replace"))
            token = self._items[id_] = _quoted(self._seal(made))
        return found[0].replace(b'"%b"' % id_, token)

    def _token(self, id_: bytes) -> bytes:
        """For a request's own id the token that it came by."""
        known = self._tokens.get(b'"%b"' % id_)
        return known or _quoted(self._seal(msgspec.structs.replace(self._maker, id=id_.decode("utf-8", "replace"))))

    def _stated(self, found: re.Match[bytes]) -> bytes:
        return self._state.get(found[1], found[0])


def sealing_of(call: Call, target: Target, ids: ForeignIds, relay: Relay) -> Sealing | None:
    """None for most calls: nothing in their answers is of any use later."""
    ask, principal = call.ask, call.principal
    assert ask is not None
    assert principal is not None
    if call.passed is not None:
        mark = call.passed.passage.mark
        return Sealing(call, target, ids, relay, mark) if mark is not None else None
    if ask.form is Form.BYTES:
        return None  # no text: what looks like an id in it is none
    mark = None
    if target.dialect == call.front:
        mark = mark_of(call.front, None if call.kind in BY_ID else principal.features, ask.fields)
    if ask.keep or call.kind in _ANSWERS or call.opened or call.kept is not None or mark is not None:
        return Sealing(call, target, ids, relay, mark)
    return None


def kept_here(call: Call, target: Target) -> bool:
    """Whether the gateway keeps what this target answers: the provider does not, or what it goes on from is kept here."""
    return call.kept is not None or target.dialect != call.front or Kind.RESPONSE not in target.heads


def _quoted(text: str) -> bytes:
    return msgspec.json.encode(text)
