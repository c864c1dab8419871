"""The list of models, as Anthropic shapes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from headworks.domain.message import JsonObject
from headworks.domain.snapshot import Listed


def write_models(models: Sequence[Listed]) -> bytes:
    """All of them on one page."""
    data = [_model(model) for model in models]
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return msgspec.json.encode({"data": data, "has_more": False, "first_id": first, "last_id": last})


def write_model(model: Listed) -> bytes:
    """One model."""
    return msgspec.json.encode(_model(model))


def _model(model: Listed) -> JsonObject:
    created = datetime.fromtimestamp(model.created, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "model",
        "id": model.name,
        "display_name": model.name,
        "created_at": created,
        "max_input_tokens": model.profile.context,
        "max_tokens": model.profile.max_output,
        "capabilities": None,  # its parts (batches, kinds of thinking) are known of no model here
    }
