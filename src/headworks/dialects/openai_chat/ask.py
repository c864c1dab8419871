"""The facts of a request that stages decide on, read from undecoded fields."""

from __future__ import annotations

import msgspec

from headworks.dialects.bounds import asked_model
from headworks.dialects.fields import Fields, read_fields
from headworks.dialects.noted import BYTES_PER_TOKEN
from headworks.dialects.openai_chat.estimate import estimate_input, estimate_messages
from headworks.dialects.openai_chat.media import KINDS as MEDIA
from headworks.dialects.openai_chat.media import read_media_ask
from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.openai_chat.ranking import estimate_tokens
from headworks.dialects.openai_chat.values import COUNT, FLAG, STRING, needed, value
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import GOVERNED
from headworks.domain.kind import DRAWING

KNOWN = frozenset(
    (
        *(
            "model",
            "messages",
            "prompt",
            "input",
            "stream",
            "stream_options",
            "max_tokens",
            "max_completion_tokens",
            "n",
            "user",
        ),
        *("tools", "tool_choice", "parallel_tool_calls", "response_format", "temperature", "top_p", "top_k", "seed", "stop"),
        *("frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "reasoning_effort", "reasoning"),
        *("thinking", "metadata", "modalities", "audio", "prediction"),
        *("query", "documents", "top_n", "top_k", "return_documents"),
        *("size", "quality", "style", "background", "output_format", "output_compression", "partial_images", "moderation"),
        *("resolution", "aspect_ratio", "width", "height", "image", "image_url", "images", "mask", "input_fidelity"),
        *("voice", "instructions", "speed", "stream_format"),
        *("file", "file_url", "file_id", "language"),
        *("best_of", "encoding_format", "dimensions", "prompt_cache_key"),
        *GOVERNED[NAME],
    )
)
"""Fields that must not come twice, in any spelling: among them all that choose a model, a price, a feature or storage."""

_FEATURES = {
    "tools": "tools",
    "response_format": "json_schema",
    "web_search_options": "web_search",
    "logprobs": "logprobs",
    "reasoning_effort": "reasoning",
    "reasoning": "reasoning",
    "thinking": "reasoning",
    "audio": "audio_out",
}
"""Fields whose use is a feature, and its name."""
_UNNAMED = DRAWING | {Kind.MODERATIONS}
"""Kinds whose requests need not name a model."""
_NO_FEATURES: frozenset[str] = frozenset()
_NOTHING = frozenset((b"null", b"false", b"[]", b"{}"))


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


_STREAM_OPTIONS = msgspec.json.Decoder(_StreamOptions | None)


def read_ask(kind: Kind, body: bytes) -> Ask:
    """The facts. Raises `Fault`: `invalid_json`, `duplicate_field`, `invalid_request`."""
    fields = read_fields(body, KNOWN)
    model = value(fields, "model", STRING, "a string") if "model" in fields else None
    if not model and kind not in _UNNAMED:
        raise Fault(
            "invalid_request", "The field 'model' is missing: name the model to ask, one of GET /v1/models.", param="model"
        )
    asked = asked_model(model or "")
    user = value(fields, "user", STRING, "a string") if "user" in fields else None
    if kind in MEDIA:
        return read_media_ask(kind, Ask(model=asked, user=user or "", fields=fields))
    if kind is Kind.EMBEDDINGS:
        tokens = estimate_input(needed(fields, "input"))
        return Ask(model=asked, max_tokens=0, prompt_tokens=tokens, user=user or "", fields=fields)
    if kind is Kind.RERANK:
        tokens = estimate_tokens(needed(fields, "query"), needed(fields, "documents"))
        return Ask(model=asked, max_tokens=0, prompt_tokens=tokens, user=user or "", fields=fields)
    if kind is Kind.MODERATIONS:
        tokens, media = estimate_messages(b"[%b]" % needed(fields, "input", "moderated"))
        return Ask(model=asked, max_tokens=0, prompt_tokens=tokens, features=media, user=user or "", fields=fields)
    if kind is Kind.CHAT:
        tokens, media = estimate_messages(needed(fields, "messages"))
        if "tools" in fields:
            tokens += len(fields["tools"]) // BYTES_PER_TOKEN
    else:
        tokens, media = estimate_input(needed(fields, "prompt")), _NO_FEATURES
    options = value(fields, "stream_options", _STREAM_OPTIONS, "an object") if "stream_options" in fields else None
    return Ask(
        model=asked,
        stream=bool(value(fields, "stream", FLAG, "a boolean")) if "stream" in fields else False,
        include_usage=bool(options.include_usage) if options is not None else False,
        max_tokens=_max_tokens(fields),
        choices=_choices(fields) if "n" in fields or "best_of" in fields else 1,
        prompt_tokens=tokens,
        features=_features(fields, media) if media or not _FEATURES.keys().isdisjoint(fields) else _NO_FEATURES,
        user=user or "",
        fields=fields,
    )


def _max_tokens(fields: Fields) -> int | None:
    """The caller's cap: the newer name counts where both are used. A negative one means none (llama.cpp), or what the provider says."""
    for name in ("max_completion_tokens", "max_tokens"):
        if name in fields:
            cap = value(fields, name, COUNT, "a whole number")
            if cap is not None:
                return cap if cap >= 0 else None
    return None


def _choices(fields: Fields) -> int:
    """Answers that are made, whether shown (`n`) or not (`best_of`)."""
    counts = [value(fields, name, COUNT, "a whole number") or 1 for name in ("n", "best_of") if name in fields]
    if min(counts) < 1:
        raise Fault("invalid_request", "The fields 'n' and 'best_of' must be 1 or more.", param="n")
    return max(counts)


def _features(fields: Fields, media: frozenset[str]) -> frozenset[str]:
    """What the request uses, by name."""
    features = set(media)
    for name in _FEATURES.keys() & fields.keys():
        raw = bytes(fields[name])
        if raw in _NOTHING or (name == "response_format" and b'"json_schema"' not in raw):
            continue
        features.add(_FEATURES[name])
        if name == "tools" and b"web_search" in raw:
            features.add("web_search")
    return frozenset(features)
