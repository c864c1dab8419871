"""Lines of a segment → records, whatever released version wrote them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from headworks.domain.exchange import SCHEMA, Header, Record

Decode = Callable[[bytes], Record]
Fields = dict[str, object]
Upcast = Callable[[Fields], Fields]

UPCASTS: Mapping[int, Upcast] = {}
"""For each released version before `SCHEMA`, what makes its records those of the version after it."""

END = b'{"t":"end"'
"""How the line of an end-record starts: the tag is always first."""


class NewerSchemaError(Exception):
    """A segment was written by a later Headworks than this one. The message says which versions, and what to do."""


def decoder_for(version: int, upcasts: Mapping[int, Upcast] = UPCASTS, current: int = SCHEMA) -> Decode:
    """What decodes the lines of a segment of that version. It raises `msgspec.MsgspecError` for a line that is none.

    Raises `NewerSchemaError`. A field that this version does not know is skipped: versions rise only where meaning changes.
    """
    if version > current:
        raise NewerSchemaError(
            f"written in journal format {version}, and this Headworks reads formats up to {current}. "
            "Use the version that wrote it, or a newer one."
        )
    if version == current:
        return msgspec.json.Decoder(Record).decode
    steps = [upcasts[step] for step in range(version, current)]

    def decode(line: bytes) -> Record:
        fields = msgspec.json.decode(line, type=Fields)
        for step in steps:
            fields = step(fields)
        return msgspec.convert(fields, Record)

    return decode


def read_header(line: bytes) -> Header | None:
    """The header, or None if the line is none. Only its version is sure to be there in every format."""
    try:
        return msgspec.json.decode(line, type=Header)
    except msgspec.MsgspecError:
        return None
