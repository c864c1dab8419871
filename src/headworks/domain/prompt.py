"""Prompt templates: text that an operator has written, put before what a caller says.

A template is compiled into turns of pieces. What a caller gives for a variable fills a place inside one piece of text: it is never read
as a template again, and no value can begin a turn or change who speaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from headworks.domain.errors import Fault

FIELD = "prompt_variables"
"""Field of a request's body in which a caller gives the values: an object of texts, numbers and flags."""
SPELLINGS = frozenset((FIELD, "promptVariables"))
"""Gemini's language has all its fields in either spelling, and knows them by the second."""
LONGEST = 10_000
"""Characters of a value, where the template says nothing else."""
_PLACE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_VALUES = msgspec.json.Decoder(dict[str, str | int | float | bool] | None)


class Variable(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A place that callers fill. Without a `default` they must."""

    default: str | None = None
    longest: int = LONGEST
    """Characters."""


class Turn(msgspec.Struct, frozen=True):
    """What one speaker says: literal text, and names of variables at the odd places."""

    role: str
    """`system`, `user` or `assistant`."""
    pieces: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Its variables, in their order."""
        return self.pieces[1::2]


class Said(msgspec.Struct, frozen=True):
    """A turn whose places are filled."""

    role: str
    text: str


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a prompt. System turns come first."""

    reference: str
    """`support@3`."""
    turns: tuple[Turn, ...]
    variables: Mapping[str, Variable] = {}

    def said(self, values: Mapping[str, str]) -> tuple[Said, ...]:
        """The turns with the values in their places. Raises `Fault` `invalid_request` where one is missing or too long."""
        filled = {**{name: each.default for name, each in self.variables.items() if each.default is not None}, **values}
        self._check(filled)
        return tuple(Said(turn.role, "".join(_filled(turn, filled))) for turn in self.turns)

    def _check(self, filled: Mapping[str, str]) -> None:
        missing = [name for name in self.variables if name not in filled]
        if missing:
            example = ", ".join(f'"{name}": "…"' for name in missing)
            raise Fault(
                "invalid_request",
                f"This model's prompt needs a value for {_quoted(missing)}: send '{FIELD}': {{{example}}} in the body.",
                param=FIELD,
            )
        for name, each in self.variables.items():
            if len(filled[name]) > each.longest:
                raise Fault(
                    "invalid_request",
                    f"The value of '{name}' has {len(filled[name])} characters, and at most {each.longest} are allowed. Send a shorter one.",
                    param=f"{FIELD}.{name}",
                )


def pieces_of(text: str) -> tuple[str, ...]:
    """A written text as a `Turn` has it: `{{name}}` is the place of a variable."""
    return tuple(_PLACE.split(text))


def values_of(fields: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    """What a caller gives for variables, as text. Raises `Fault` `invalid_request` where it is no object of plain values."""
    raw = next((fields[name] for name in SPELLINGS if name in fields), None)
    if raw is None:
        return {}
    try:
        given = _VALUES.decode(raw) or {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault(
            "invalid_request",
            f'\'{FIELD}\' must be an object of texts, numbers and flags, such as {{"name": "Ada"}}.',
            param=FIELD,
        ) from None
    return {name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in given.items()}


def _filled(turn: Turn, values: Mapping[str, str]) -> Iterator[str]:
    for place, piece in enumerate(turn.pieces):
        yield values[piece] if place % 2 else piece


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
