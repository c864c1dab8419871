"""Opaque signatures on their way through other languages, so that they return where they were made and nowhere else.

Gemini's are stamped with what they signed, too. Others' are wrapped for Gemini's clients, which hold every signature for base64.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from headworks.dialects import signatures
from headworks.dialects.gemini.wire import NAME
from headworks.domain.message import Reasoning

_WRAP = b"headworks:"
_URL_SAFE = str.maketrans("-_", "+/")

TEXT, CALL, THOUGHT = "text", "call", "thought"


def stamped(place: str, signature: str) -> str:
    """A signature of Gemini's for another language: `place` tells what kind of part it signed."""
    return signatures.stamped(NAME, f"{place}:{signature}")


def unstamped(signature: str) -> tuple[str, str] | None:
    """Place and signature; None where it is not Gemini's."""
    own = signatures.bare(NAME, signature)
    if not own or own == signature:
        return None
    place, _, told = own.partition(":")
    return place, told


def wrapped(*, signature: str = "", redacted: str = "") -> str:
    """What another language has signed or hidden, as base64. Gemini's own come out as they were."""
    own = unstamped(signature or redacted)
    if own is not None:
        return own[1]
    return base64.b64encode(_WRAP + msgspec.json.encode([signature, redacted])).decode()


def unwrapped(signature: str) -> Reasoning | None:
    """The reasoning of another language that a signature holds; None where it is Gemini's own."""
    try:
        data = base64.b64decode(signature.translate(_URL_SAFE) + "=" * (-len(signature) % 4))
        if not data.startswith(_WRAP):
            return None
        signed, redacted = msgspec.json.decode(data.removeprefix(_WRAP), type=tuple[str, str])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    return Reasoning(signature=signed, redacted=redacted)
