"""What a request would have a provider remember beyond answers, which are kept by tokens: its credential is shared, so that is nobody's own."""

from __future__ import annotations

import msgspec

from headworks.dialects.fields import Fields
from headworks.dialects.openai_responses.names import UNREADABLE
from headworks.domain.errors import Fault

_NOTHING = frozenset((b"null", b"false", b'""'))
_MEMORY = {
    "conversation": "go on from an answer with 'previous_response_id', or send the earlier turns as items of 'input'.",
    "background": "wait for the answer, or stream it. What an answer costs that nobody waits for could not be told in time.",
}
"""What is not served, and what to do instead."""


class _Item(msgspec.Struct):
    type: str | None = None
    role: str | None = None


_ITEMS = msgspec.json.Decoder(list[_Item])


def refuse_state(fields: Fields) -> None:
    """Raise `Fault` `invalid_request` for what refers to a provider's memory, which all who share its credential would share."""
    for name, instead in _MEMORY.items():
        if name in fields and bytes(fields[name]) not in _NOTHING:
            raise Fault("invalid_request", f"'{name}' is not served here. Leave it out: {instead}", param=name)
    raw = bytes(fields.get("input", b""))
    if raw.startswith(b"[") and any(_is_reference(item) for item in _items(raw)):
        raise Fault(
            "invalid_request",
            "An item of 'input' only refers to one that a provider keeps (item_reference). Send the item itself.",
            param="input",
        )


def _items(raw: bytes) -> list[_Item]:
    try:
        return _ITEMS.decode(raw)
    except UNREADABLE:
        raise Fault("invalid_request", "'input' must be a text, or a list of items that are objects.", param="input") from None


def _is_reference(item: _Item) -> bool:
    """An item without a type and a role is one, too: it has nothing but an id."""
    return item.type == "item_reference" or (not item.type and not item.role)
