"""The models as Ollama lists and shows them. What it tells of files has no answer here, and is left empty."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from headworks.domain.message import JsonObject
from headworks.domain.profile import Profile
from headworks.domain.snapshot import Listed

_ARCHITECTURE = "headworks"
"""What a model is built like, nobody says; its name stands before the size of the context, where clients look for that."""
_CAPABILITIES = {"tools": "tools", "images": "vision", "reasoning": "thinking"}


def write_models(models: Sequence[Listed]) -> bytes:
    """`/api/tags`."""
    return msgspec.json.encode({"models": [_row(model) for model in models]})


def write_model(model: Listed) -> bytes:
    """`/api/show`."""
    context = model.profile.context
    info: JsonObject = {"general.architecture": _ARCHITECTURE, "general.basename": model.name}
    if context is not None:
        info[f"{_ARCHITECTURE}.context_length"] = context
    told = {
        "modified_at": _when(model),
        "details": _details(model),
        "model_info": info,
        "capabilities": _capabilities(model.profile),
        **dict.fromkeys(("license", "modelfile", "parameters", "template"), ""),
    }
    return msgspec.json.encode(told)


def _row(model: Listed) -> JsonObject:
    """The digest, which clients demand, is the name's: names are what tells models apart here."""
    return {
        "name": model.name,
        "model": model.name,
        "modified_at": _when(model),
        "size": 0,
        "digest": hashlib.sha256(model.name.encode()).hexdigest(),
        "details": _details(model),
    }


def _details(model: Listed) -> JsonObject:
    return {
        "parent_model": "",
        "format": "",
        "family": model.owner,
        "families": [model.owner],
        "parameter_size": "",
        "quantization_level": "",
    }


def _capabilities(profile: Profile) -> list[str]:
    """Of a model of which nobody said what it serves: conversations, to be tried."""
    serves, features = profile.serves, profile.features or ()
    completes = ["completion"] if serves is None or "chat" in serves else []
    embeds = ["embedding"] if serves is not None and "embeddings" in serves else []
    return [*completes, *embeds, *(word for feature, word in _CAPABILITIES.items() if feature in features)]


def _when(model: Listed) -> str:
    return datetime.fromtimestamp(model.created, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
