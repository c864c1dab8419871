"""Numbered versions of a model, and of prompts: written once, and never changed under the same number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec

PIN = b"x-headworks-version"
"""Header by which a caller asks for one version. It needs the feature below."""
PIN_FEATURE = "pin_version"


class Merit(StrEnum):
    """What an exchange says of the version that a rollout assigned it to."""

    SERVED = "served"
    FAILED = "failed"


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Which version serves a request, and by which step of which rollout; no rollout: it is the live one, or was asked for."""

    version: str
    rollout: str = ""
    step: int = 0


def digest_of(content: object) -> str:
    """Stands for what is written of a version: the same for the same content, however it is ordered. 32 hex digits."""
    return hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=16).hexdigest()


def model_version(model: str, number: str) -> str:
    """By what a model's version is remembered."""
    return f"models.{model}@{number}"


def prompt_version(prompt: str, number: str) -> str:
    """The same of a prompt's."""
    return f"prompts.{prompt}@{number}"


def changed(remembered: Mapping[str, str], digests: Mapping[str, str]) -> list[str]:
    """The names under which something else was remembered."""
    return [name for name, digest in digests.items() if remembered.get(name, digest) != digest]
