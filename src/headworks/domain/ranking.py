"""Documents in the order in which they answer a question, in canonical form."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.usage import Usage


class RankingAsk(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A question and the documents to put in order. `top` is how many are wanted, all where it is None; `echo` asks for the documents' text
    in the answer.
    """

    dialect: str
    model: str
    query: str
    documents: tuple[str, ...]
    top: int | None = None
    echo: bool = False
    extra: dict[str, Any] = {}
    """Every other top-level field, as it came: only `dialect` can say it again."""


class Ranked(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document of the answer: its place among those asked, from 0, and how well it fits, from 0 to 1."""

    index: int
    score: float


class RankingAnswer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Best first. `usage` is None where the upstream counted nothing."""

    results: tuple[Ranked, ...]
    id: str = ""
    model: str = ""
    usage: Usage | None = None
