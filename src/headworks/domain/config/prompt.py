"""Prompts, as an operator writes them: numbered versions of text that models' versions put before what callers say."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.written import Written
from headworks.domain.prompt import LONGEST


class VariableRule(Written, frozen=True):
    """A place that callers fill, written `{{name}}` in the text. Without a `default` they must."""

    default: str | None = None
    longest: int = LONGEST
    """Characters of a value, at most."""


class TurnRule(Written, frozen=True):
    """What one speaker says."""

    role: Literal["system", "user", "assistant"] = "user"
    content: str = ""


class PromptRule(Written, frozen=True):
    """One version of a prompt. Whatever has served is never changed, its labels excepted: a change is another number."""

    text: str = ""
    """What the system says."""
    messages: tuple[TurnRule, ...] = ()
    """Instead of `text`: turns of a conversation, those of the system first."""
    variables: dict[str, VariableRule | None] = {}
    """By name. Places that are not named here must be filled."""
    labels: tuple[str, ...] = ()
    """Names that stand for this version of the prompt, such as `production`."""
