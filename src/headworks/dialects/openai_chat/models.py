"""Lists of models in OpenAI's form."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.message import JsonObject
from headworks.domain.snapshot import Listed


def write_models(models: Sequence[Listed]) -> bytes:
    """`GET /v1/models`."""
    return msgspec.json.encode({"object": "list", "data": [_model(model) for model in models]})


def write_model(model: Listed) -> bytes:
    """`GET /v1/models/{id}`."""
    return msgspec.json.encode(_model(model))


def _model(model: Listed) -> JsonObject:
    return {"id": model.name, "object": "model", "created": model.created, "owned_by": model.owner}
