"""Alarms about names: modules and classes that say nothing, and vendors where they have no business."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from tests.architecture.source import Source

EMPTY_MODULES = frozenset({"util", "utils", "helper", "helpers", "common", "misc", "manager", "base", "stuff", "shared"})
EMPTY_CLASSES = re.compile(r"(Manager|Helper|Helpers|Util|Utils|Handler2|Impl)$")
VENDORS = frozenset(
    [
        "openai",
        "anthropic",
        "azure",
        "groq",
        "mistral",
        "deepseek",
        "xai",
        "together",
        "fireworks",
        "openrouter",
        "cerebras",
        "perplexity",
        "nvidia",
        "moonshot",
        "zai",
        "alibaba",
        "ollama",
        "vllm",
        "sglang",
        "llamacpp",
        "lmstudio",
        "google",
        "gemini",
        "bedrock",
        "cohere",
    ]
)
FAMILIES = ("gpt", "claude", "gemini", "llama", "mistral", "qwen", "deepseek", "grok")
VENDOR_FLOORS = frozenset({"providers", "dialects", "testing"})


def empty_names(sources: Iterable[Source]) -> list[str]:
    found: list[str] = []
    for source in sources:
        path = PurePath(source.path)
        words = {path.stem, *path.parent.parts} | set(path.stem.split("_"))
        found += [f"{source.path}: «{word}» says nothing" for word in sorted(words & EMPTY_MODULES)]
        found += [
            source.at(node, f"class {node.name} says nothing")
            for node in source.nodes
            if isinstance(node, ast.ClassDef) and EMPTY_CLASSES.search(node.name)
        ]
    return found


def vendor_decisions(sources: Iterable[Source]) -> list[str]:
    """Code that decides by a vendor's name (`provider == "groq"`, `case "groq"`, `name.startswith("gpt")`): that is a row of data."""
    return [
        source.at(node, f"decides by {literal!r}")
        for source in sources
        if source.floor not in VENDOR_FLOORS
        for node in source.nodes
        for literal in _decided_by(node)
        if literal.lower() in VENDORS or literal.lower().startswith(FAMILIES)
    ]


def _decided_by(node: ast.AST) -> Iterator[str]:
    parts: list[ast.expr] = []
    if isinstance(node, ast.Compare):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.MatchValue):
        parts = [node.value]
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"startswith", "endswith", "removeprefix"}
    ):
        parts = node.args
    for part in parts:
        for item in part.elts if isinstance(part, ast.Tuple | ast.List | ast.Set) else (part,):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value


def vendor_literals(sources: Iterable[Source]) -> list[str]:
    """A vendor's bare name as a value outside the floors that know vendors. Names of dialects come from `dialects`."""
    return [
        source.at(node, f"the literal {node.value!r}")
        for source in sources
        if source.floor not in VENDOR_FLOORS
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in VENDORS
    ]
