"""A guard that knows words: regular expressions that must not occur in a question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headworks.domain.call import Call
from headworks.domain.snapshot import GuardRule
from headworks.ports.extension import Allow, Block, Verdict


class PatternGuard:
    """One rule, compiled. The matched text is not repeated to the caller."""

    def __init__(self, rule: GuardRule) -> None:
        """Raises `re.error` for a pattern that is none: configuration is checked before it is used."""
        self.name = rule.name
        self._patterns = tuple(re.compile(pattern) for pattern in rule.patterns)

    async def judge(self, call: Call, text: str) -> Verdict:  # noqa: ARG002 - a guard may look at the call
        """Block when any pattern occurs."""
        for number, pattern in enumerate(self._patterns, 1):
            if pattern.search(text):
                return Block(self.name, f"pattern {number} of this guard occurs in it.")
        return Allow()


class PatternGuards:
    """The compiled guards of the snapshot in use."""

    def __init__(self) -> None:
        self._rules: tuple[GuardRule, ...] = ()
        self._guards: Sequence[PatternGuard] = ()

    def of(self, rules: tuple[GuardRule, ...]) -> Sequence[PatternGuard]:
        """Compiled once per change of rules."""
        if rules is not self._rules:
            self._guards = tuple(PatternGuard(rule) for rule in rules)
            self._rules = rules
        return self._guards
