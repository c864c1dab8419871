"""Answers that the gateway keeps, where the model's provider does not: a later request may go on from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

KEPT_SECONDS = 30 * 86_400
"""As long as OpenAI keeps them."""

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One of them: the answer, and the items of the question it answers, with those of all turns before. In the words of Responses."""

    id: str
    """As its tenant knows it."""
    at: int
    """Wall-clock nanoseconds."""
    customer: str = ""
    response: msgspec.Raw
    items: tuple[msgspec.Raw, ...]


class _Answered(msgspec.Struct):
    output: tuple[msgspec.Raw, ...] = ()


class _Named(msgspec.Struct):
    id: str | None = None


_ANSWERED = msgspec.json.Decoder(_Answered)
_ID = msgspec.json.Decoder(_Named)


def items_of(fields: Mapping[str, msgspec.Raw]) -> Sequence[msgspec.Raw]:
    """The items that a request sends; a text is one. `input` has been judged already."""
    raw = bytes(fields.get("input", b"[]"))
    return [msgspec.Raw(b'{"role":"user","content":%b}' % raw)] if raw.lstrip().startswith(b'"') else _ITEMS.decode(raw)


def item_of(kept: Kept, id: str) -> msgspec.Raw | None:  # noqa: A002 - the field's name
    """What was answered under this id."""
    return next((item for item in _ANSWERED.decode(kept.response).output if _ID.decode(item).id == id), None)


def continued(fields: Mapping[str, msgspec.Raw], kept: Kept | None, items: Sequence[msgspec.Raw]) -> bytes:
    """The body of a request with these items, after all that was said before in the answer that it goes on from, if it is here."""
    if kept is None:
        return _ENCODER.encode({**fields, "input": items})
    said = (*kept.items, *_ANSWERED.decode(kept.response).output, *items)
    return _ENCODER.encode({**{name: value for name, value in fields.items() if name != "previous_response_id"}, "input": said})
