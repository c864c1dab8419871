"""Pictures of one pixel, whose colour goes by the prompt: cheap and deterministic, in OpenAI's shapes."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.question import JsonObject
from headworks.testing.emulator.tokens import tokens_of

_MOST = 10
_SIZE = re.compile(r"(\d+)x(\d+)").fullmatch
_SIDES = {"low": 64, "medium": 32, "high": 16}
_USUAL = "gpt-image-1"
_BY_TOKENS = ("gpt-image", "chatgpt-image")
_MOST_PARTIAL = 3
GIVEN_TOKENS = 200
"""Of a picture to go by."""


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of `/images/generations` and its like, settled."""

    model: str
    prompt: str
    count: int
    size: str
    quality: str
    partial: int
    stream: bool
    as_url: bool
    created: int
    given: int = 0
    """Pictures to go by."""
    label: str = "image_generation"
    """How types of events begin."""

    @property
    def by_tokens(self) -> bool:
        """Whether the model counts tokens: older ones bill by the picture."""
        return self.model.startswith(_BY_TOKENS)

    @property
    def input_tokens(self) -> int:
        """Of the prompt, and of the pictures to go by."""
        return max(1, tokens_of(self.prompt)) + self.given_tokens

    @property
    def given_tokens(self) -> int:
        """Of the pictures to go by."""
        return self.given * GIVEN_TOKENS

    @property
    def output_tokens(self) -> int:
        """Of all pictures: a patch each, and one for each row of patches."""
        found = _SIZE(self.size)
        assert found is not None
        width, height, side = int(found[1]), int(found[2]), _SIDES[self.quality]
        return (height // side) * (width // side + 1) * self.count if self.by_tokens else 0


def read_pictures(body: JsonObject, created: int) -> Pictures:
    """Raises `Rejection`."""
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise rules.invalid("Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter")
    count = body.get("n") or 1
    if not isinstance(count, int) or not 1 <= count <= _MOST:
        raise rules.invalid(f"Invalid 'n': expected a whole number from 1 to {_MOST}.", "n", "invalid_value")
    model, size, quality = body.get("model") or _USUAL, body.get("size") or "auto", body.get("quality") or "auto"
    if size != "auto" and not _SIZE(size):
        raise rules.invalid(f"Invalid value: '{size}'. Supported values are: '1024x1024' and 'auto'.", "size", "invalid_value")
    partial = body.get("partial_images") or 0
    if not 0 <= partial <= _MOST_PARTIAL:
        raise rules.invalid(f"Invalid 'partial_images': at most {_MOST_PARTIAL}.", "partial_images", "invalid_value")
    return Pictures(
        model=model,
        prompt=prompt,
        count=count,
        size="1024x1024" if size == "auto" else size,
        quality=quality if quality in _SIDES else "high",
        partial=partial,
        stream=bool(body.get("stream")),
        as_url=not model.startswith(_BY_TOKENS) and body.get("response_format") != "b64_json",
        created=created,
    )


def whole_answer(asked: Pictures) -> bytes:
    """All pictures in one piece."""
    told: JsonObject = {"created": asked.created, "data": [_shown(asked, number) for number in range(asked.count)]}
    if asked.by_tokens:
        told |= {"background": "opaque", "output_format": "png", "quality": asked.quality, "size": asked.size}
        told["usage"] = _usage(asked)
    return msgspec.json.encode(told)


def events(asked: Pictures) -> Iterator[tuple[bytes, int]]:
    """Each picture, partly and then ready; tokens beside each event."""
    form: JsonObject = {
        "created_at": asked.created,
        "background": "opaque",
        "output_format": "png",
        "quality": asked.quality,
        "size": asked.size,
    }
    for number in range(asked.partial):
        shown = {"type": f"{asked.label}.partial_image", "b64_json": _pixel(asked, -1 - number)}
        yield _event({**shown, "partial_image_index": number, **form}), 1
    one = msgspec.structs.replace(asked, count=1)
    for number in range(asked.count):
        done = {"type": f"{asked.label}.completed", "b64_json": _pixel(asked, number), "usage": _usage(one)}
        yield _event({**done, **form}), one.output_tokens


def _event(payload: JsonObject) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (payload["type"].encode(), msgspec.json.encode(payload))


def _usage(asked: Pictures) -> JsonObject:
    read, made = asked.input_tokens, asked.output_tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {"image_tokens": asked.given_tokens, "text_tokens": read - asked.given_tokens},
        "output_tokens": made,
        "output_tokens_details": {"image_tokens": made, "text_tokens": 0},
        "total_tokens": read + made,
    }


def _shown(asked: Pictures, number: int) -> dict[str, Any]:
    if asked.as_url:
        name = hashlib.sha256(f"{asked.prompt}{number}".encode()).hexdigest()[:16]
        return {"url": f"https://pictures.test/{name}.png", "revised_prompt": asked.prompt}
    return {"b64_json": _pixel(asked, number)}


def _pixel(asked: Pictures, number: int) -> str:
    """A PNG of one pixel."""
    colour = hashlib.sha256(f"{asked.prompt}{number}".encode()).digest()[:3]
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + colour)),
        (b"IEND", b""),
    )
    chunks = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()
