"""What is kept here of earlier answers, put into the questions that refer to it: all turns before, and single items.

Whoever asks for another tenant's thing, and whoever asks for what is not there, is told the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.body import Whole
from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.foreign import HERE, ForeignId
from headworks.domain.items import reference
from headworks.domain.kept import Kept, continued, item_of, items_of
from headworks.ports.foreign import ForeignIds
from headworks.ports.responses import Responses

PREVIOUS = "previous_response_id"
INPUT = "input"
GOES_ON = "previous_response"
"""The feature of a request that refers to what was answered before."""
_SHOWN = 80
_BAD_REQUEST = 400


class Recall:
    """Finds what a tenant's requests refer to. One per process."""

    def __init__(self, ids: ForeignIds, responses: Responses) -> None:
        self._ids = ids
        self._responses = responses

    async def kept(self, call: Call, token: str, param: str = "") -> Kept:
        """An answer. Raises `Fault` `unknown_id`."""
        kept = await self._responses.find(tenant_of(call), token)
        if kept is None:
            raise unknown(token, param)
        return kept

    async def continued(self, call: Call, ask: Ask) -> Call:
        """The call with all in its body that it refers to and that is kept here: the turns before, and single items. Raises `Fault`."""
        kept = await self._previous(call, ask)
        items, found = await self._items(call, ask)
        if kept is None and not found:
            return call
        body = continued(ask.fields, kept, items)
        largest = call.snapshot.edge.max_body_bytes
        if len(body) > largest:
            raise Fault(
                "request_too_large",
                f"With all that it refers to the request is larger than {largest} bytes, the limit set here (server.max_body_bytes). "
                "Send the turns that matter as items of 'input', without 'previous_response_id'.",
                param=PREVIOUS if kept is not None else INPUT,
            )
        return msgspec.structs.replace(call, body=Whole(body), kept=kept)

    async def _previous(self, call: Call, ask: Ask) -> Kept | None:
        """The answer to go on from; None where a provider keeps it, or nobody: `settled` judges."""
        token = _text(ask.fields[PREVIOUS]) if PREVIOUS in ask.fields else None
        opened = self._ids.open(tenant_of(call), token) if token else None
        if token is None or opened is None or opened.credential != HERE:
            return None
        return await self.kept(call, token, PREVIOUS)

    async def _items(self, call: Call, ask: Ask) -> tuple[Sequence[msgspec.Raw], bool]:
        """The items of a question, each in the place of a reference to it if it is here, and whether there was any."""
        items = list(items_of(ask.fields))
        answers: dict[ForeignId, Kept | None] = {}
        for place, item in enumerate(items):
            token = reference(item)
            made = self._ids.open(tenant_of(call), token) if token else None
            if token is None or made is None or made.credential != HERE:
                continue
            answer = ForeignId(made.target, HERE, model=made.model)
            if answer not in answers:
                answers[answer] = await self._responses.find(tenant_of(call), self._ids.seal(tenant_of(call), answer))
            kept = answers[answer]
            said = item_of(kept, token) if kept is not None else None
            if said is None:
                raise unknown_item(token)
            items[place] = said
        return items, bool(answers)


def unknown(token: str, param: str = "") -> Fault:
    """What is told of every id that leads nowhere, whyever."""
    what = f"There is nothing here by the id '{token[:_SHOWN]}'{' that this model could read' if param else ''}."
    remedy = "Use an id as this gateway has given it to you, of something that was kept and not deleted."
    return Fault("unknown_id", f"{what} {remedy}", param=param or None, status=_BAD_REQUEST if param else None)


def unknown_item(token: str) -> Fault:
    """The same of an item that a request only refers to."""
    what = f"There is no item here by the id '{token[:_SHOWN]}' that this model could read."
    remedy = "Send the item itself, as clients do where the request says 'store: false'."
    return Fault("unknown_id", f"{what} {remedy}", param=INPUT, status=_BAD_REQUEST)


def tenant_of(call: Call) -> str:
    """Who sees what is kept: the caller's house."""
    assert call.principal is not None
    return call.principal.tenant


def _text(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", f"'{PREVIOUS}' must be the id of an answer.", param=PREVIOUS) from None
