"""What the models behind Converse can do that it has no word for, by family: data. What no row says of a model is not sent to it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

Path = tuple[str, ...]
"""Where a value goes in `additionalModelRequestFields`."""

_WORDS = ("low", "medium", "high")


class Family(msgspec.Struct, frozen=True):
    """One family. `mark` is a part of its models' ids."""

    mark: str
    claude: bool = False
    """Thinks and draws as Anthropic's API has it."""
    top_k: Path = ()
    effort: Path = ()
    """Takes a word of how much to think, here."""
    efforts: tuple[str, ...] = _WORDS
    thinking: dict[str, str] = {}
    """What must be said beside the effort."""
    choices: frozenset[str] = frozenset(("auto",))
    """Ways to choose a tool."""
    system: bool = True
    caches: bool = False
    """Knows cache points, behind parts of messages and system prompts; `caches_tools`, behind tools too."""
    caches_tools: bool = False
    schemas: bool = False
    """Takes a JSON schema for its answer."""


_ANY = frozenset(("auto", "any"))
_ALL = frozenset(("auto", "any", "tool"))

FAMILIES = (
    Family("claude-v2", claude=True, top_k=("top_k",)),
    Family("claude", claude=True, top_k=("top_k",), choices=_ALL, caches=True, caches_tools=True, schemas=True),
    Family(
        "nova-2",
        top_k=("inferenceConfig", "topK"),
        effort=("reasoningConfig", "maxReasoningEffort"),
        thinking={"type": "enabled"},
        choices=_ALL,
        caches=True,
    ),
    Family("nova", top_k=("inferenceConfig", "topK"), choices=_ALL, caches=True),
    Family("openai.", effort=("reasoning_effort",), choices=_ALL, schemas=True),
    Family("qwen", effort=("reasoning_config",), choices=_ALL, schemas=True),
    Family("deepseek.r1"),
    Family("deepseek", choices=_ALL, schemas=True),
    Family("mistral-7b", top_k=("top_k",), system=False),
    Family("mixtral-8x7b", top_k=("top_k",), system=False),
    Family("mistral.", top_k=("top_k",), choices=_ANY, schemas=True),
    *(Family(mark, choices=_ALL, schemas=True) for mark in ("zai.", "moonshot", "minimax.", "google.gemma", "nvidia.")),
    Family("cohere.command", top_k=("k",)),
    Family("titan-text", system=False),
)
"""The first whose mark is in the model's id."""
_UNKNOWN = Family("")


@lru_cache(maxsize=256)
def family_of(model: str) -> Family:
    """The family of a model, whose id may be that of an inference profile, or an ARN."""
    return next((family for family in FAMILIES if family.mark in model), _UNKNOWN)
