"""Pictures made of others: their prompt tells what arrived."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.forms import File
from headworks.testing.emulator.images import Pictures, read_pictures
from headworks.testing.emulator.question import JsonObject

_NUMBERS = ("n", "partial_images")


def read_edit(body: JsonObject, created: int, *, varied: bool) -> Pictures:
    """What is asked of `/images/edits`, or of `/images/variations`, as a form or as JSON. Raises `Rejection`."""
    given = list(_given(body))
    if not given:
        raise rules.invalid("Missing required parameter: 'image'.", "image", "missing_required_parameter")
    digest = hashlib.sha256(b"".join(given)).hexdigest()[:16]
    plain = {name: value for name, value in body.items() if isinstance(value, str | int)}
    plain |= {name: _number(plain[name]) for name in _NUMBERS if name in plain}
    plain["stream"] = str(body.get("stream")).lower() == "true"
    if varied:
        plain["prompt"] = "Another one."
    asked = read_pictures(plain, created)
    told = f"{asked.prompt} {len(given)} pictures, {digest}"
    return msgspec.structs.replace(asked, prompt=told, given=len(given), label="image_edit")


def _number(value: str | int) -> int:
    try:
        return int(value)
    except ValueError:
        raise rules.invalid(f"Invalid type: expected an integer, but got '{value}' instead.", "n", "invalid_type") from None


def _given(body: JsonObject) -> list[bytes]:
    """All pictures: files of a form, or what JSON says of them."""
    found: list[bytes] = []
    for name, value in body.items():
        if name.partition("[")[0] in ("image", "images", "mask"):
            values: list[Any] = value if isinstance(value, list) else [value]
            found += [each.content if isinstance(each, File) else msgspec.json.encode(each) for each in values]
    return found
