"""Ollama's own language (`/api/chat`, `/api/generate`, `/api/embed`)."""

from headworks.dialects.ollama.dialect import Ollama

__all__ = ["Ollama"]
