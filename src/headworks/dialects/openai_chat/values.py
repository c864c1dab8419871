"""Single fields of a request, decoded where a decision hangs on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.dialects.bounds import EXAMPLE
from headworks.domain.errors import Fault

STRING = msgspec.json.Decoder(str | None)
FLAG = msgspec.json.Decoder(bool | None)
COUNT = msgspec.json.Decoder(int | None)
SAID_FLAG = msgspec.json.Decoder(bool | None, strict=False)
"""Of a form, in which all is text; `SAID_COUNT` likewise."""
SAID_COUNT = msgspec.json.Decoder(int | None, strict=False)
NUMBER = msgspec.json.Decoder(float | None)

_EXAMPLES = {
    "messages": f"a list such as {EXAMPLE}",
    "prompt": 'the text to complete, such as "Hello"',
    "pictured": 'what the picture should show, such as "A weir at dawn"',
    "edited": "the picture to go by, as a file of the form",
    "query": "the question that the documents should answer",
    "documents": 'a list of texts such as ["Paris is in France."]',
    "input": 'the text to embed, such as "Hello", or a list of texts',
    "moderated": 'the text to judge, such as "Hello", or a list of texts or of parts',
    "spoken": 'the text to speak, such as "Hello"',
    "heard": "the recording, as a file of the form",
}


def value(fields: Mapping[str, msgspec.Raw], name: str, decoder: msgspec.json.Decoder[Any], wanted: str) -> Any:
    """A field's value; None where it is left out. Raises `Fault` `invalid_request` where it is not what is `wanted`."""
    if name not in fields:
        return None
    try:
        return decoder.decode(fields[name])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", f"The field '{name}' must be {wanted}.", param=name) from None


def needed(fields: Mapping[str, msgspec.Raw], name: str, example: str = "") -> bytes:
    """A field's undecoded value. Raises `Fault` `invalid_request` where there is none."""
    raw = fields.get(name)
    if raw is None or (said := bytes(raw)) == b"null":
        raise Fault("invalid_request", f"The field '{name}' is missing: send {_EXAMPLES[example or name]}.", param=name)
    return said
