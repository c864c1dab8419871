"""Anthropic's Messages API, as client's and as upstream's language. `dialect.Anthropic` is the door; nothing else is public."""

from headworks.dialects.anthropic.dialect import Anthropic

__all__ = ["Anthropic"]
