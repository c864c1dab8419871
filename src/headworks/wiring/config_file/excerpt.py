"""The few settings that are needed beside the gateway, out of a document whose length is in its keys and models."""

from __future__ import annotations

import re

from headworks.wiring.config_file import Reading, read_config

_LARGE = 262_144
"""Characters of a document from which on leaving out its lists is worth it."""
_LINE_END = r"(?:\n|\Z)"
_LISTS = re.compile(
    rf"^(?:keys|models|prices|providers):[ \t]*(?:#[^\n]*)?\n(?:[ \t][^\n]*{_LINE_END}|\n|#[^\n]*{_LINE_END})*", re.MULTILINE
)
"""A top-level section in block style: all that is indented below its name."""
_BORROWED = re.compile(r"(?<![\w\"'])[&*]\w")
"""Anchors and aliases: one part of the document may be used in another."""


def read_excerpt(text: str, name: str = "headworks.yaml") -> Reading:
    """A document of which `keys`, `models`, `prices` and `providers` may be missing: a second less for ten thousand keys.

    Small documents, and those in which parts refer to each other, are read whole; so is what cannot be read in part. Who needs the
    missing parts, or whether they are right, asks `read_config`.
    """
    if len(text) < _LARGE or _BORROWED.search(text):
        return read_config(text, name)
    excerpt = read_config(_LISTS.sub(lambda found: "\n" * found[0].count("\n"), text), name)
    return read_config(text, name) if excerpt.problems else excerpt
