"""Vectors that are near where texts share words: cheap, deterministic, of unit length."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from array import array
from typing import Any

import msgspec

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.question import JsonObject
from headworks.testing.emulator.tokens import tokens_of

_DIMENSIONS = 1536
_MOST_INPUTS = 2048
_WORD = re.compile(r"\w+")
_PLACES = struct.Struct("<8I")


def vector(text: str, dimensions: int = _DIMENSIONS) -> array[float]:
    """Each word adds to eight places of the vector, up or down by its hash."""
    found = array("f", bytes(4 * dimensions))
    for word in _WORD.findall(text.lower()) or [text]:
        for place in _PLACES.unpack(hashlib.sha256(word.encode()).digest()):
            found[(place >> 1) % dimensions] += 1.0 if place & 1 else -1.0
    norm = math.sqrt(math.fsum(value * value for value in found))
    if norm == 0.0:
        found[0] = norm = 1.0
    return array("f", (value / norm for value in found))


class Embedded(msgspec.Struct, frozen=True):
    """An answer of `/embeddings`, and what it read."""

    body: bytes
    tokens: int


def embed(body: JsonObject) -> Embedded:
    """Answer an `/embeddings` body. Raises `Rejection`."""
    rules.check_common(body)
    if body.get("input") in (None, "", []):
        raise rules.invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    inputs = _inputs(body["input"])
    if len(inputs) > _MOST_INPUTS:
        words = f"array too long. Expected an array with maximum length {_MOST_INPUTS}"
        raise rules.invalid(f"Invalid 'input': {words}.", "input", "array_above_max_length")
    dimensions = body.get("dimensions") or _DIMENSIONS
    compact = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _written(vector(text, dimensions), compact=compact)}
        for index, text in enumerate(inputs)
    ]
    tokens = sum(max(1, tokens_of(text)) for text in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Embedded(msgspec.json.encode({"object": "list", "data": data, "model": body["model"], "usage": usage}), tokens)


def _inputs(given: Any) -> list[str]:
    """A text, texts, token ids, or lists of token ids."""
    if isinstance(given, str):
        return [given]
    if isinstance(given[0], int):
        return [" ".join(map(str, given))]
    return [one if isinstance(one, str) else " ".join(map(str, one)) for one in given]


def _written(found: array[float], *, compact: bool) -> str | list[float]:
    return base64.b64encode(found.tobytes()).decode() if compact else found.tolist()
