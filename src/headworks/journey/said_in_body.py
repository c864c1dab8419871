"""Headers that a place wants to read in the body (`anthropic-beta` on AWS)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.call import Ask
from headworks.domain.target import Target

_WORDS = msgspec.json.Decoder(list[str])


def said_in_body(ask: Ask, headers: Mapping[bytes, bytes], target: Target) -> tuple[Ask, list[str]]:
    """The request with the words of these headers in its fields, and which were left out: a place refuses what it does not know.

    The client's own count, else the operator's.
    """
    if target.body is None:
        return ask, []
    fields = dict(ask.fields)
    lost: list[str] = []
    for header, wanted in target.body.headers.items():
        name = header.encode()
        said = headers.get(name) or target.default_headers.get(name, b"")
        words = dict.fromkeys(word.strip() for word in said.decode("latin-1").split(",") if word.strip())
        known = [word for word in words if word in wanted.words]
        lost += [
            f"{header}: {word} is left out: {target.provider} does not know it" for word in words if word not in wanted.words
        ]
        if known:
            fields[wanted.field] = msgspec.Raw(msgspec.json.encode([*_listed(fields.get(wanted.field)), *known]))
    return msgspec.structs.replace(ask, fields=fields), lost


def _listed(raw: msgspec.Raw | None) -> list[str]:
    """What the body says already."""
    if raw is None:
        return []
    try:
        return _WORDS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
