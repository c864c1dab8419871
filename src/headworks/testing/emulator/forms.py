"""Forms with files, read as plainly as can be: not by the gateway's own reader, whose work is tried here."""

from __future__ import annotations

import re
from typing import NamedTuple

from headworks.testing.emulator.question import JsonObject, Rejection

_BOUNDARY = re.compile(r'multipart/form-data; *boundary="?([^";]+)"?$', re.IGNORECASE).match
_NAME = re.compile(rb'; name="([^"]*)"').search
_FILENAME = re.compile(rb'; filename="([^"]*)"').search
_TYPE = re.compile(rb"content-type: *([^\r\n]*)", re.IGNORECASE).search


class File(NamedTuple):
    """A file of a form."""

    name: str
    content_type: str
    content: bytes


def read_form(content_type: str, body: bytes) -> JsonObject:
    """Fields by name, as texts, and files; what comes several times (`image[]`) as a list. Raises `Rejection`."""
    found = _BOUNDARY(content_type)
    first, *parts = body.split(b"--" + found[1].encode()) if found else [b"?"]
    if first or not parts or parts[-1].strip() != b"--":
        raise Rejection(400, "invalid_request_error", "Could not parse multipart form")
    form: JsonObject = {}
    for part in parts[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = _NAME(head)
        if name is None or not content.endswith(b"\r\n"):
            raise Rejection(400, "invalid_request_error", "Could not parse multipart form")
        value = _value(head, content[:-2])
        key = name[1].decode()
        if key.endswith("[]"):
            form.setdefault(key, []).append(value)
        else:
            form[key] = value
    return form


def _value(head: bytes, content: bytes) -> str | File:
    filename, kind = _FILENAME(head), _TYPE(head)
    if filename is None:
        return content.decode()
    return File(filename[1].decode("utf-8", "replace"), kind[1].decode() if kind else "", content)
