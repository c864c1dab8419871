"""What the headers say: of a form its boundary, of a part its name and, where it is a file, the file's.

Nothing of them is sent on as it came: what goes out is written anew (`part_head`), so that nobody can read in it what was not read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from headworks.domain.errors import Fault

FORM = b"multipart/form-data"
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_parameter = re.compile(rb'[ \t]*;[ \t]*(%b)=(?:"((?:[^"\\]|\\.)*)"|(%b))' % (_TOKEN, _TOKEN), re.DOTALL).match
_boundary = re.compile(rb"[0-9A-Za-z'()+_,./:=?-]{1,70}").fullmatch
_name = re.compile(r"[A-Za-z0-9_.:-]{1,100}(?:\[[A-Za-z0-9_.:-]{0,50}\]){0,3}").fullmatch
_content_type = re.compile(r"[!-~]+/[!-~]+(?:; ?[!-~]+)*").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_FILENAME = 1024
_LONGEST_TYPE = 200
_PLAIN = (b"binary", b"8bit", b"7bit")
_UNNAMED = "application/octet-stream"
_ESCAPES = {ord('"'): "%22", ord("\\"): "%5C"}
_SHOWN = 80


class PartHead(msgspec.Struct, frozen=True):
    """Of a part. One without a file's name is a field."""

    name: str
    filename: str | None
    content_type: str


def is_form(content_type: bytes) -> bool:
    """Whether a body is one, by its content type."""
    return content_type[: len(FORM)].lower() == FORM


def boundary_of(content_type: bytes) -> bytes:
    """What separates the parts. Raises `Fault` `malformed_request`."""
    kind, parameters = _read(content_type)
    boundary = parameters.get(b"boundary", b"")
    if kind.lower() != FORM or not _boundary(boundary):
        raise _malformed(
            "The content type of a form must be 'multipart/form-data' with a boundary of at most 70 plain characters."
        )
    return boundary


def read_head(headers: Mapping[bytes, bytes]) -> PartHead:
    """Of a part with these headers (names in lower case). Raises `Fault` `malformed_request`."""
    kind, said = _read(headers.get(b"content-disposition", b""))
    if kind.lower() != b"form-data" or b"name" not in said:
        raise _malformed("Each part of a form needs a header such as 'Content-Disposition: form-data; name=\"model\"'.")
    name = _text(said[b"name"])
    if not _name(name):
        shown = name[:_SHOWN].encode("ascii", "replace").decode()
        raise _malformed(f"'{shown}' is no name of a field that any API knows.")
    if headers.get(b"content-transfer-encoding", b"binary").strip().lower() not in _PLAIN:
        raise _malformed(f"The part '{name}' is encoded. Send its bytes as they are.")
    return PartHead(name, _filename(said), _typed(headers.get(b"content-type", b"")))


def part_head(head: PartHead) -> bytes:
    """The headers of a part as they are sent on."""
    lines = f'Content-Disposition: form-data; name="{head.name}"'
    if head.filename is not None:
        lines += f'; filename="{head.filename.translate(_ESCAPES)}"\r\nContent-Type: {head.content_type or _UNNAMED}'
    elif head.content_type:
        lines += f"\r\nContent-Type: {head.content_type}"
    return lines.encode("utf-8", "surrogateescape") + b"\r\n\r\n"


def _read(header: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A value and its parameters. Raises `Fault` for what two readers might understand differently."""
    value = header.partition(b";")[0]
    parameters: dict[bytes, bytes] = {}
    at, end = len(value), len(header.rstrip())
    while at < end:
        found = _parameter(header, at)
        name = found[1].lower() if found is not None else b""
        if found is None or name in parameters:
            raise _malformed("A header of the form has parameters that cannot be read, or one of them twice.")
        parameters[name] = found[3] if found[2] is None else re.sub(rb'\\(["\\])', rb"\1", found[2])
        at = found.end()
    return value.strip(), parameters


def _filename(said: Mapping[bytes, bytes]) -> str | None:
    """Some say only, or also, in RFC 5987's way what is not ASCII."""
    if b"name*" in said:
        raise _malformed("The name of a field is said in an encoding. Send it as plain text.")
    plain = said.get(b"filename")
    if plain is not None:
        name = _text(plain)
    elif b"filename*" in said:
        name = unquote(_text(said[b"filename*"]).rpartition("'")[2])
    else:
        return None
    name = _CONTROL.sub("", name)
    if len(name) > _LONGEST_FILENAME:
        raise _malformed(f"The name of a file is longer than {_LONGEST_FILENAME} characters.")
    return name


def _typed(content_type: bytes) -> str:
    said = content_type.strip().decode("latin-1")
    if said and (len(said) > _LONGEST_TYPE or not _content_type(said)):
        raise _malformed("The content type of a part cannot be read.")
    return said


def _text(raw: bytes) -> str:
    """Names of files come in any encoding, and go on in it."""
    return raw.decode("utf-8", "surrogateescape")


def _malformed(message: str) -> Fault:
    return Fault("malformed_request", f"{message} Send a well-formed form.")
