"""The list of models, as Cohere shapes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.message import JsonObject
from headworks.domain.snapshot import Listed

_ENDPOINTS = {"chat": "chat", "embeddings": "embed", "rerank": "rerank"}
"""What a model serves → Cohere's word for it."""


def write_models(models: Sequence[Listed]) -> bytes:
    """All of them on one page."""
    return msgspec.json.encode({"models": [_model(model) for model in models]})


def write_model(model: Listed) -> bytes:
    """One model."""
    return msgspec.json.encode(_model(model))


def _model(model: Listed) -> JsonObject:
    """Of a model of which nobody said what it serves: all, to be tried."""
    profile = model.profile
    told: JsonObject = {
        "name": model.name,
        "endpoints": [word for kind, word in _ENDPOINTS.items() if profile.serves is None or kind in profile.serves],
        "finetuned": False,
        "default_endpoints": [],
    }
    return told if profile.context is None else {**told, "context_length": profile.context}
