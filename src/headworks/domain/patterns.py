"""Patterns of names: a name, or one with one star for any run of characters."""

from __future__ import annotations


def name_matches(pattern: str, name: str) -> bool:
    """Whether a name is the pattern, or fits its one star."""
    if "*" not in pattern:
        return pattern == name
    head, _, tail = pattern.partition("*")
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
