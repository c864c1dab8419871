"""Texts as vectors, in canonical form: what is asked, and what comes back."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.usage import Usage

Input = str | tuple[int, ...]
"""A text, or its token numbers."""


class EmbeddingAsk(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a caller wants turned into vectors. `inputs` are texts, or texts as token numbers; `plain` tells that it was one, without a list.

    `encoding` is `float` or `base64` (of little-endian 32-bit floats); `task` says what the vectors are for, in Gemini's words
    (`RETRIEVAL_QUERY`, …). Either is empty where the caller does not say.
    """

    dialect: str
    model: str
    inputs: tuple[Input, ...]
    plain: bool = False
    dimensions: int | None = None
    encoding: str = ""
    task: str = ""
    user: str = ""
    extra: dict[str, Any] = {}
    """Every other top-level field, as it came: only `dialect` can say it again."""


class EmbeddingAnswer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The vectors, in the order of the inputs. `usage` is None where the upstream counted nothing."""

    vectors: tuple[tuple[float, ...], ...]
    id: str = ""
    model: str = ""
    usage: Usage | None = None
