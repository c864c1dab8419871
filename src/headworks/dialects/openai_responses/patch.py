"""A same-dialect body for one target: the fields as they came, but for the model, the output cap and what is to be stored."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.fields import write_fields
from headworks.dialects.openai_responses.names import NAME
from headworks.dialects.signatures import MARK, bare
from headworks.domain.call import Ask, Kind
from headworks.domain.kind import BY_ID
from headworks.domain.target import Target

_ITEMS = msgspec.json.Decoder(list[dict[str, Any]])


def patch(kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
    """The body for `target`. All values that are not patched keep their bytes. What is about an answer that was made before has none."""
    if kind in BY_ID:
        return b""
    fields: dict[str, Any] = {**ask.fields, "model": target.model}
    if kind is Kind.CHAT:
        if cap is not None and (ask.max_tokens is None or cap < ask.max_tokens):
            fields["max_output_tokens"] = cap
        fields["store"] = ask.keep and Kind.RESPONSE in target.heads  # left out, OpenAI stores for thirty days
    for name in target.quirks.drop:
        fields.pop(name, None)
    if MARK in bytes(ask.fields.get("input", b"")):
        fields["input"] = _without_foreign_thoughts(ask.fields["input"])
    return write_fields(fields)


def _without_foreign_thoughts(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """Items without the reasoning that only another provider can read: this one would refuse them all for it."""
    items: list[dict[str, Any]] = []
    for item in _ITEMS.decode(raw):
        sealed = item.get("encrypted_content")
        if not isinstance(sealed, str) or not sealed:
            items.append(item)
        elif own := bare(NAME, sealed):
            items.append({**item, "encrypted_content": own})
    return items
