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


_ANSWERED = msgspec.json.Decoder(_Answered)


def items_of(fields: Mapping[str, msgspec.Raw]) -> Sequence[msgspec.Raw]:
    """The items that a request sends; a text is one. `input` has been judged already."""
    raw = bytes(fields.get("input", b"[]"))
    return [msgspec.Raw(b'{"role":"user","content":%b}' % raw)] if raw.lstrip().startswith(b'"') else _ITEMS.decode(raw)


def continued(fields: Mapping[str, msgspec.Raw], kept: Kept) -> bytes:
    """The body of a request that goes on from `kept`, with all that was said before in it."""
    said = (*kept.items, *_ANSWERED.decode(kept.response).output, *items_of(fields))
    return _ENCODER.encode({**{name: value for name, value in fields.items() if name != "previous_response_id"}, "input": said})
