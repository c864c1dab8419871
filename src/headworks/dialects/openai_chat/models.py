"""Lists of models in OpenAI's form, with what more is known of each in the fields that OpenRouter has made usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headworks.domain.kind import Kind
from headworks.domain.message import JsonObject
from headworks.domain.money import PER_TOKEN_PLACES, PriceCard, Rate, decimal_text
from headworks.domain.profile import Profile
from headworks.domain.snapshot import Listed

_RATES = (
    ("prompt", "input"),
    ("completion", "output"),
    ("input_cache_read", "cache_read"),
    ("input_cache_write", "cache_write"),
    ("input_cache_write_1h", "cache_write_1h"),
    ("internal_reasoning", "reasoning"),
    ("audio", "input_audio"),
    ("audio_output", "output_audio"),
)
"""What a price per token is called there, and on a price card."""
_READS = {"images": "image", "documents": "file", "audio": "audio", "video": "video"}
"""Feature → what is read."""
_WRITES = {
    "chat": "text",
    "completions": "text",
    "embeddings": "embeddings",
    "rerank": "rerank",
    "images": "image",
    "speech": "speech",
    "transcriptions": "transcription",
}
"""Kind of request → what is written."""
_PARAMETERS = {
    "tools": ("tools", "tool_choice"),
    "json_schema": ("response_format", "structured_outputs"),
    "reasoning": ("reasoning", "reasoning_effort"),
    "logprobs": ("logprobs", "top_logprobs"),
}
"""Feature → parameters that it makes usable."""


def write_models(models: Sequence[Listed]) -> bytes:
    """`GET /v1/models`."""
    return msgspec.json.encode({"object": "list", "data": [_model(model) for model in models]})


def write_model(model: Listed) -> bytes:
    """`GET /v1/models/{id}`."""
    return msgspec.json.encode(_model(model))


def _model(model: Listed) -> JsonObject:
    told: JsonObject = {"id": model.name, "object": "model", "created": model.created, "owned_by": model.owner}
    if model.profile.context is not None:
        told["context_length"] = model.profile.context
    if model.profile.max_output is not None:
        told["top_provider"] = {"context_length": model.profile.context, "max_completion_tokens": model.profile.max_output}
    if model.numbers:
        told["version"] = model.live
        told["versions"] = model.numbers
    told |= _abilities(model.profile)
    if model.price is not None:
        told["pricing"] = _pricing(model.price)
    return told


def _abilities(profile: Profile) -> JsonObject:
    if profile.features is None:
        return {}
    reads = ["text", *(word for feature, word in _READS.items() if feature in profile.features)]
    writes = [word for kind, word in _WRITES.items() if kind in (profile.serves or (Kind.CHAT,))]
    if "audio_out" in profile.features:
        writes.append("audio")
    return {
        "architecture": {
            "modality": f"{'+'.join(reads)}->{'+'.join(writes)}",
            "input_modalities": reads,
            "output_modalities": list(dict.fromkeys(writes)),
        },
        "supported_parameters": [
            name for feature, names in _PARAMETERS.items() if feature in profile.features for name in names
        ],
    }


def _pricing(card: PriceCard) -> dict[str, str]:
    """Dollars per token, request and search, as decimal text. The dearer tiers of long requests are not told."""
    rates: list[tuple[str, Any]] = [(name, getattr(card, field)) for name, field in _RATES]
    told = {name: decimal_text(rate.nanos_per_million, PER_TOKEN_PLACES) for name, rate in rates if isinstance(rate, Rate)}
    flat = {"request": card.request, "web_search": card.web_search, "image": card.image}
    return told | {name: decimal_text(nanos) for name, nanos in flat.items() if nanos}
