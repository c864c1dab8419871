"""What a request would have a provider remember beyond answers, which are kept by tokens: its credential is shared, so that is nobody's own."""

from __future__ import annotations

from headworks.dialects.fields import Fields
from headworks.dialects.openai_responses.names import UNREADABLE
from headworks.domain.errors import Fault
from headworks.domain.items import references

_NOTHING = frozenset((b"null", b"false", b'""'))
_MEMORY = {
    "conversation": "go on from an answer with 'previous_response_id', or send the earlier turns as items of 'input'.",
    "background": "wait for the answer, or stream it. What an answer costs that nobody waits for could not be told in time.",
}
"""What is not served, and what to do instead."""


def refuse_state(fields: Fields) -> None:
    """Raise `Fault` `invalid_request` for what refers to a provider's memory, which all who share its credential would share."""
    for name, instead in _MEMORY.items():
        if name in fields and bytes(fields[name]) not in _NOTHING:
            raise Fault("invalid_request", f"'{name}' is not served here. Leave it out: {instead}", param=name)


def refers(fields: Fields) -> bool:
    """Whether items of `input` only refer to what was answered before. Raises `Fault` `invalid_request`."""
    try:
        return bool(references(bytes(fields.get("input", b""))))
    except UNREADABLE:
        raise Fault("invalid_request", "'input' must be a text, or a list of items that are objects.", param="input") from None
