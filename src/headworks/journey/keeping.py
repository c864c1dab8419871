"""Answers that the gateway keeps itself: taken down as they go by, and given when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.kept import Kept, items_of
from headworks.domain.kind import Kind
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply
from headworks.ports.responses import Responses

LARGEST = 16_777_216
"""Bytes of an answer and its question beyond which it is not kept."""
_ENDS = (
    b'"type":"response.completed"',
    b'"type":"response.incomplete"',
    b'"type": "response.completed"',
    b'"type": "response.incomplete"',
)
_JSON = (b"content-type", b"application/json")
_MOST, _USUAL = 100, 20


class _Event(msgspec.Struct):
    response: msgspec.Raw = msgspec.Raw(b"")


_EVENT = msgspec.json.Decoder(_Event)
_ITEM = msgspec.json.Decoder(dict[str, object])


class Keeper:
    """Watches one answer, and keeps it once it has come to its end."""

    def __init__(self, call: Call, ask: Ask, token: str, responses: Responses) -> None:
        self._call = call
        self._ask = ask
        self._token = token
        self._responses = responses
        self._said = b""

    def watch(self, reply: Reply) -> Reply:
        """The same reply."""
        reply.tap(self._see)
        self._call.closing.settle(self._over)
        return reply

    def _see(self, frame: Frame) -> None:
        if not self._ask.stream:
            self._said += frame.raw
        elif any(mark in frame.raw for mark in _ENDS):
            self._said = _last_response(frame.raw)

    def _over(self, outcome: Outcome) -> None:
        call = self._call
        items = [_with_tokens(item, call.opened) for item in items_of(self._ask.fields)]
        size = len(self._said) + sum(len(item) for item in items)
        if outcome.ending is not Ending.FINISHED or not self._said or size > LARGEST:
            return
        assert call.principal is not None
        kept = Kept(id=self._token, at=call.at, customer=call.customer, response=msgspec.Raw(self._said), items=tuple(items))
        self._responses.keep(call.principal.tenant, kept)


async def answer(call: Call, responses: Responses) -> Reply:
    """What is asked of an answer that is kept here. Raises `Fault`."""
    kept = call.kept
    assert kept is not None
    return Reply.of(200, [_JSON], await _ANSWERS[call.kind](call, kept, responses))


async def _response(call: Call, kept: Kept, _responses: Responses) -> bytes:
    if dict(call.where.query).get("stream") in ("true", "1"):
        raise Fault(
            "invalid_request", "An answer that this gateway keeps is not streamed again. Leave 'stream' out.", param="stream"
        )
    return bytes(kept.response)


async def _items(call: Call, kept: Kept, _responses: Responses) -> bytes:
    asked = dict(call.where.query)
    items: list[dict[str, object]] = [
        {"id": f"item_{place}", "type": "message", **_ITEM.decode(item)} for place, item in enumerate(kept.items)
    ]
    if asked.get("order", "desc") != "asc":
        items.reverse()
    names = [str(item["id"]) for item in items]
    begin = _place(names, asked["after"], "after") + 1 if "after" in asked else 0
    end = _place(names, asked["before"], "before") if "before" in asked else len(items)
    shown = items[begin:end][: _size(asked.get("limit", str(_USUAL)))]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": begin + len(shown) < end,
        }
    )


async def _cancelled(_call: Call, _kept: Kept, _responses: Responses) -> bytes:
    raise Fault(
        "invalid_request", "Only an answer in the making can be cancelled, and this one is there. Use it, or delete it."
    )


async def _deleted(call: Call, kept: Kept, responses: Responses) -> bytes:
    assert call.principal is not None
    await responses.forget(call.principal.tenant, kept.id)
    return msgspec.json.encode({"id": kept.id, "object": "response", "deleted": True})


_ANSWERS = {
    Kind.RESPONSE: _response,
    Kind.RESPONSE_ITEMS: _items,
    Kind.CANCEL_RESPONSE: _cancelled,
    Kind.DELETE_RESPONSE: _deleted,
}


def _place(names: Sequence[str], name: str, param: str) -> int:
    if name not in names:
        raise Fault(
            "invalid_request", f"'{param}' names no item of this answer. Use an id that the list has shown.", param=param
        )
    return names.index(name)


def _size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MOST:
        raise Fault("invalid_request", f"'limit' must be a number from 1 to {_MOST}.", param="limit")
    return int(text)


def _last_response(events: bytes) -> bytes:
    """The whole response that the last event of a stream holds, out of complete events of ours: one `data` line each."""
    for line in reversed(events.splitlines()):
        if line.startswith(b"data:") and any(mark in line for mark in _ENDS):
            return bytes(_EVENT.decode(line[5:]).response)
    return b""


def _with_tokens(item: msgspec.Raw, opened: Mapping[str, str]) -> msgspec.Raw:
    """An item as the caller sent it: what was opened for a provider is no use to who sends it again."""
    raw = bytes(item)
    for token, id_ in opened.items():
        raw = raw.replace(msgspec.json.encode(id_), msgspec.json.encode(token))
    return msgspec.Raw(raw)
