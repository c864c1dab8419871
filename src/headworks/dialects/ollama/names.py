"""Words of Ollama's language that more than one file needs."""

from __future__ import annotations

from headworks.domain.events import StopReason

NAME = "ollama"
LEFT_OUT = "left out: not expressible in Ollama's language"

STOP_REASONS = {"stop": StopReason.END, "length": StopReason.MAX_TOKENS}

OWN_FIELDS = ("keep_alive", "options")
"""Ollama's own fields that clients of other languages may say beside theirs."""
