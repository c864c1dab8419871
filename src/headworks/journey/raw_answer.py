"""What the head of an answer says of a body that passes as it is."""

from __future__ import annotations

from headworks.domain.reply import HeaderList

_UNNAMED = b"application/octet-stream"
_DIGITS = 18


def content_type(headers: HeaderList) -> tuple[bytes, bytes]:
    """The header that names it."""
    return b"content-type", next((value for name, value in headers if name == b"content-type"), _UNNAMED)


def body_length(headers: HeaderList) -> int | None:
    """Bytes of the body; None where that is not said, or said of what the transport has unpacked."""
    said = {name: value for name, value in headers if name in {b"content-length", b"content-encoding"}}
    length = said.get(b"content-length", b"")
    plain = said.get(b"content-encoding", b"identity").lower() in {b"identity", b""}
    return int(length) if plain and length.isdigit() and len(length) <= _DIGITS else None
