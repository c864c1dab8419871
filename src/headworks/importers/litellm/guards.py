"""Guardrails that look for patterns and words → our guards. All others judge no longer, and that is said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headworks.domain.config import GuardSpec
from headworks.domain.counted import counted
from headworks.importers.litellm.section import Section, list_of, text_of
from headworks.importers.notes import Notes
from headworks.wiring.config_file.tree import Node

_FILTER = "litellm_content_filter"
_BEFORE = "pre_call"
_BLOCKS = ("block", "")


def guards_of(entries: Sequence[Node], notes: Notes) -> dict[str, GuardSpec]:
    """Guards by name."""
    made: dict[str, GuardSpec] = {}
    for node in entries:
        entry = Section(node)
        name, params = entry.text("guardrail_name"), entry.section("litellm_params")
        kind = params.text("guardrail")
        modes = [text_of(mode) for mode in list_of(params.node("mode"))]
        patterns = _patterns(params, notes) if kind == _FILTER and _BEFORE in modes else ()
        if not patterns:
            notes.unsupported(
                entry.line,
                f"guardrail {name} ({kind}, {', '.join(modes)})",
                "REQUESTS ARE NOT GUARDED BY IT ANY LONGER. What patterns can find, a guard of kind pattern can refuse (configuration.md#guards).",
            )
            continue
        default = params.flag("default_on") is True
        made[name] = GuardSpec(patterns=patterns, applies="all" if default else "named")
        if modes == [_BEFORE]:
            notes.mapped(entry.line, f"guardrail {name}", f"guards.{name}, {counted(len(patterns), 'pattern')}")
        else:
            notes.approximated(
                entry.line, f"guardrail {name} ({', '.join(modes)})", f"guards.{name}: questions are judged, answers are not"
            )
    return made


def _patterns(params: Section, notes: Notes) -> tuple[str, ...]:
    """Regular expressions, and words as such. Only what blocks; what masks is told."""
    found: list[str] = []
    for field, value in (("patterns", "pattern"), ("blocked_words", "keyword")):
        for node in params.list(field):
            given = Section(node)
            written, action = given.text(value), given.text("action").lower()
            if not written or action not in _BLOCKS:
                notes.unsupported(
                    given.line,
                    f"{field}: {given.text('pattern_name') or written} ({action or 'prebuilt'})",
                    "Write a regular expression for it: there are no prebuilt ones, and nothing is masked.",
                )
            else:
                found.append(written if field == "patterns" else rf"(?i)\b{re.escape(written)}\b")
    return tuple(found)
