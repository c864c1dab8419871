"""What a caller says of an answer that it was given: a score and a word, never a text."""

from __future__ import annotations

import msgspec

from headworks.domain.errors import Fault

LARGEST = 4096
"""Bytes of a request."""
LONGEST_LABEL = 64
_MOST_STARS = 5
_HALF = 2


class Feedback(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Of one exchange, by its id. It stands in an exchange of its own: that one says who gave it, and when."""

    exchange: str
    score: float
    """-1 (bad) to 1 (good)."""
    label: str = ""


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    request_id: str
    score: float | bool | None = None
    stars: int | None = None
    label: str | None = None
    comment: str | None = None


_DECODER = msgspec.json.Decoder(_Written)
_EXAMPLE = '{"request_id": "…", "score": 1}'


def read_feedback(body: bytes) -> Feedback:
    """The body of `POST /v1/feedback`. Raises `Fault` `invalid_request` with what is wrong with it."""
    if len(body) > LARGEST:
        raise _wrong(f"The body has more than {LARGEST} bytes.", _EXAMPLE)
    try:
        written = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        raise _wrong(f"This is no feedback: {trouble}.", _EXAMPLE) from None
    if not _is_id(written.request_id):
        raise _wrong("'request_id' is no id of an answer.", "its 'x-request-id'", "request_id")
    if written.comment:
        raise _wrong("Comments are not kept: there is no enciphered place for them yet.", "a score and a label", "comment")
    label = written.label or ""
    if not _is_word(label):
        raise _wrong("'label' is not one word.", "at most 64 letters, digits and '_-.:'", "label")
    return Feedback(exchange=written.request_id, score=_score(written), label=label)


def concerns(said_by: tuple[str, tuple[str, ...]], had_by: tuple[str, tuple[str, ...]]) -> bool:
    """Whether feedback counts for an exchange: one tenant's alone does. Both by principal and lineage, as their records tell them."""
    (speaker, speaking), (holder, holding) = said_by, had_by
    return speaking[0] == holding[0] if speaking and holding else speaker == holder and not (speaking or holding)


def _score(written: _Written) -> float:
    if (written.score is None) == (written.stars is None):
        raise _wrong("Feedback has one score.", "a 'score' from -1 to 1 (or true, false), or 'stars' from 1 to 5", "score")
    if written.stars is not None:
        if not 1 <= written.stars <= _MOST_STARS:
            raise _wrong(f"There are no {written.stars} 'stars'.", "1 to 5", "stars")
        return (written.stars - 1 - _HALF) / _HALF
    if isinstance(written.score, bool):
        return 1.0 if written.score else -1.0
    assert written.score is not None
    if not -1.0 <= written.score <= 1.0:
        raise _wrong(f"The 'score' {written.score} is out of bounds.", "one from -1 to 1, or 'stars'", "score")
    return float(written.score)


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(digit in "0123456789abcdef" for digit in text)  # noqa: PLR2004 - a UUID in hex


def _is_word(text: str) -> bool:
    return len(text) <= LONGEST_LABEL and text.isascii() and all(each.isalnum() or each in "_-.:" for each in text)


def _wrong(what: str, instead: str, param: str | None = None) -> Fault:
    return Fault("invalid_request", f"{what} Send {instead}.", param=param)
