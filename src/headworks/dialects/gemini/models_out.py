"""The list of models, as Google shapes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.message import JsonObject
from headworks.domain.snapshot import Listed

_METHODS = ("generateContent", "countTokens", "embedContent", "batchEmbedContents")


def write_models(models: Sequence[Listed]) -> bytes:
    """All of them on one page."""
    return msgspec.json.encode({"models": [_model(model) for model in models]})


def write_model(model: Listed) -> bytes:
    """One model."""
    return msgspec.json.encode(_model(model))


def _model(model: Listed) -> JsonObject:
    return {
        "name": f"models/{model.name}",
        "baseModelId": model.name,
        "displayName": model.name,
        "supportedGenerationMethods": _METHODS,
    }
