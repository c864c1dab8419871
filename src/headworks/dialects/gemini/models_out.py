"""The list of models, as Google shapes it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.message import JsonObject
from headworks.domain.snapshot import Listed

_CHAT = ("generateContent", "countTokens")
_EMBEDDINGS = ("embedContent", "batchEmbedContents")


def write_models(models: Sequence[Listed]) -> bytes:
    """All of them on one page."""
    return msgspec.json.encode({"models": [_model(model) for model in models]})


def write_model(model: Listed) -> bytes:
    """One model."""
    return msgspec.json.encode(_model(model))


def _model(model: Listed) -> JsonObject:
    profile = model.profile
    told: JsonObject = {
        "name": f"models/{model.name}",
        "baseModelId": model.name,
        "displayName": model.name,
        "supportedGenerationMethods": _methods(profile.serves),
    }
    limits = {"inputTokenLimit": profile.context, "outputTokenLimit": profile.max_output}
    told |= {name: tokens for name, tokens in limits.items() if tokens is not None}
    if profile.features is not None:
        told["thinking"] = "reasoning" in profile.features
    return told


def _methods(serves: Sequence[str] | None) -> list[str]:
    """Of a model of which nobody said what it serves: all, to be tried."""
    chat = _CHAT if serves is None or "chat" in serves else ()
    return [*chat, *(_EMBEDDINGS if serves is None or "embeddings" in serves else ())]
