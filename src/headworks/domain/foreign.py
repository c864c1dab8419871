"""Ids that a provider made, or this gateway in a provider's stead, of things that can be asked for later: answers, files, containers."""

from __future__ import annotations

import msgspec

HERE = "here"
"""The credential of what the gateway itself keeps."""


class ForeignId(msgspec.Struct, frozen=True, array_like=True):
    """An id as its maker knows it, and where it holds: under one credential. `target` and `model` say by which way it was come by; the
    target of an item that the gateway keeps is its answer.
    """

    id: str
    credential: str
    target: str = ""
    model: str = ""
