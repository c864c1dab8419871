"""Cohere's language (v2 chat, embed and rerank)."""

from headworks.dialects.cohere.dialect import Cohere

__all__ = ["Cohere"]
