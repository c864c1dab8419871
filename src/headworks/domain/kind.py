"""What an endpoint does, whatever language it does it in."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of request."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"
    REALTIME = "realtime"
    COUNT_TOKENS = "count_tokens"
    MODELS = "models"
    MODEL = "model"
