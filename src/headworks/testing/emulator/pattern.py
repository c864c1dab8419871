"""A string that matches a regular expression: the plain part of the language that schemas use.

Literals, escapes, classes, groups, alternatives and quantifiers. What is beyond it (look-around, back-references) raises `ValueError`.
"""

from __future__ import annotations

import re
import string
from random import Random

_DIGITS = string.digits
_WORD = string.ascii_lowercase + _DIGITS
_ANY = string.ascii_lowercase + " "
_ESCAPES = {"d": _DIGITS, "w": _WORD, "s": " ", "D": string.ascii_lowercase, "W": "-", "S": _WORD, "n": "\n", "t": "\t"}
_PRINTABLE = string.ascii_letters + _DIGITS + "-_ .,:;/@#+=!$%&*~"
_AT_MOST = 3
"""How much further than its least an unbounded quantifier goes."""


def matching(pattern: str, chance: Random) -> str:
    """A string in which `pattern` is found. Raises `ValueError` where the pattern is beyond this writer."""
    text = _Maker(pattern, chance).make()
    if re.search(pattern, text) is None:
        raise ValueError(f"no string could be made for the pattern {pattern!r}")
    return text


class _Maker:
    """Reads a pattern from left to right and writes as it goes."""

    def __init__(self, pattern: str, chance: Random) -> None:
        self._pattern = pattern
        self._at = 0
        self._chance = chance

    def make(self) -> str:
        text = self._alternatives()
        if self._at < len(self._pattern):
            raise ValueError(f"unbalanced ) in the pattern {self._pattern!r}")
        return text

    def _alternatives(self) -> str:
        ways = [self._sequence()]
        while self._peek() == "|":
            self._take()
            ways.append(self._sequence())
        return self._chance.choice(ways)

    def _sequence(self) -> str:
        made = list[str]()
        while self._peek() not in ("", "|", ")"):
            start = self._at
            text = self._atom()
            least, most = self._quantifier()
            resume = self._at
            for turn in range(self._chance.randint(least, most)):
                if turn:
                    self._at = start
                    text = self._atom()
                made.append(text)
            self._at = resume
        return "".join(made)

    def _atom(self) -> str:
        sign = self._take()
        if sign in "^$":
            return ""
        if sign == ".":
            return self._chance.choice(_ANY)
        if sign == "\\":
            return self._escaped()
        if sign == "[":
            return self._chance.choice(self._letters())
        if sign == "(":
            return self._group()
        return sign

    def _group(self) -> str:
        if self._pattern.startswith("?:", self._at):
            self._at += 2
        elif self._pattern.startswith("?", self._at):
            raise ValueError(f"cannot write for the group at {self._at} of the pattern {self._pattern!r}")
        text = self._alternatives()
        if self._take() != ")":
            raise ValueError(f"unbalanced ( in the pattern {self._pattern!r}")
        return text

    def _escaped(self) -> str:
        sign = self._take()
        if sign in "bBAZ":
            return ""
        if sign.isdigit():
            raise ValueError(f"cannot write for the back-reference in the pattern {self._pattern!r}")
        return self._chance.choice(_ESCAPES.get(sign, sign))

    def _letters(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._take()
        letters = ""
        while self._peek() != "]" or not letters:
            letters += self._range()
        self._take()
        if negated:
            letters = "".join(letter for letter in _PRINTABLE if letter not in letters)
        return letters

    def _range(self) -> str:
        first = self._take()
        if first == "\\":
            sign = self._take()
            return _ESCAPES.get(sign, sign)
        if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("", "]"):
            self._take()
            last = self._take()
            return "".join(chr(code) for code in range(ord(first), ord(last) + 1))
        return first

    def _quantifier(self) -> tuple[int, int]:
        least, most = 1, 1
        if self._peek() in ("*", "+", "?"):
            sign = self._take()
            least, most = {"*": (0, _AT_MOST), "+": (1, 1 + _AT_MOST), "?": (0, 1)}[sign]
        elif counted := re.compile(r"\{(\d+)(,?)(\d*)\}").match(self._pattern, self._at):
            self._at = counted.end()
            least = int(counted[1])
            most = int(counted[3] or least + _AT_MOST) if counted[2] else least
        else:
            return least, most
        if self._peek() in ("?", "+"):
            self._take()
        return least, most

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        sign = self._peek()
        if not sign:
            raise ValueError(f"the pattern {self._pattern!r} ends too early")
        self._at += 1
        return sign
