"""Patterns of names: a name, or one with one star for any run of characters."""

from __future__ import annotations


def name_matches(pattern: str, name: str) -> bool:
    """Whether a name is the pattern, or fits its one star."""
    if "*" not in pattern:
        return pattern == name
    head, _, tail = pattern.partition("*")
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)


def overlap(one: str, other: str) -> bool:
    """Whether there is a name that both match."""
    if "*" not in one:
        return name_matches(other, one)
    if "*" not in other:
        return name_matches(one, other)
    head, _, tail = one.partition("*")
    other_head, _, other_tail = other.partition("*")
    heads = head.startswith(other_head) or other_head.startswith(head)
    return heads and (tail.endswith(other_tail) or other_tail.endswith(tail))


def trouble_of(pattern: str) -> str:
    """What is wrong with it, as a sentence; empty for nothing."""
    return f"'{pattern}' has more than one star." if pattern.count("*") > 1 else ""
