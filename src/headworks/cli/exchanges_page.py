"""Exchanges as rows of text, one line each, the same for a list and for a stream of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending
from headworks.exporters.redaction import clean

_NS = 1e9
_MANY = 10_000
_GAP = "  "
_SHORTEST = 20
"""Columns that model and fault get at least."""
STYLES = {
    Ending.FINISHED: "green",
    Ending.REFUSED: "yellow",
    Ending.FAILED: "red",
    Ending.SEVERED: "red",
    Ending.CLIENT_GONE: "dim",
    Ending.CANCELLED: "magenta",
    Ending.KILLED: "bold red",
}


@dataclass(frozen=True)
class Column:
    """One column: right-aligned where `width` is negative. `room` is how many columns a terminal needs to get this one too."""

    title: str
    width: int
    text: Callable[[Exchange], str]
    room: int = 0


def _took(exchange: Exchange) -> str:
    return duration(exchange.duration) if exchange.duration else ""


def _price(exchange: Exchange) -> str:
    return money(exchange.price, exchange.currency) if exchange.price else ""


def _first_token(exchange: Exchange) -> str:
    return duration(exchange.first_token_at) if exchange.stream and exchange.first_token_at else ""


def _status(exchange: Exchange) -> str:
    return str(exchange.status or "–")


NARROW = (
    Column("began", 14, lambda exchange: local_time(exchange.at)[5:]),
    Column("id", 16, lambda exchange: exchange.id[:16]),
    Column("status", -6, _status),
    Column("took", -8, _took),
    Column("in", -7, lambda exchange: count(exchange.usage.input), room=120),
    Column("out", -6, lambda exchange: count(exchange.usage.output), room=120),
    Column("price", -12, _price, room=96),
)
"""What matters. The beginning of an id holds the millisecond and twelve random bits: enough for `headworks explain`."""

WIDE = (
    Column("began", 19, lambda exchange: local_time(exchange.at)),
    Column("id", 32, lambda exchange: exchange.id),
    Column("status", -6, _status),
    Column("ending", 11, lambda exchange: exchange.ending),
    Column("took", -8, _took),
    Column("first", -8, _first_token),
    Column("in", -7, lambda exchange: count(exchange.usage.input)),
    Column("out", -6, lambda exchange: count(exchange.usage.output)),
    Column("price", -12, _price),
    Column("tries", -5, lambda exchange: str(len(exchange.tried) or "")),
)


class Rows:
    """Lines of a table that is `width` columns wide; without a width, of one that has everything and cuts nothing."""

    def __init__(self, width: int | None) -> None:
        self._columns = WIDE if width is None else tuple(column for column in NARROW if column.room <= width)
        taken = sum(abs(column.width) + len(_GAP) for column in self._columns)
        self._left = None if width is None else max(width - taken, _SHORTEST)

    def heading(self) -> Text:
        """The titles."""
        titles = [_fit(column.title, column.width) for column in self._columns]
        return Text(_GAP.join((*titles, "model, fault")), style="bold")

    def row(self, exchange: Exchange) -> Text:
        """One exchange."""
        style = STYLES.get(Ending(exchange.ending), "")
        text = Text()
        for column in self._columns:
            text.append(_fit(column.text(exchange), column.width), style if column.title in {"status", "ending"} else "")
            text.append(_GAP)
        fault = _cut(_trouble(exchange), self._left)
        text.append(_model(exchange, None if self._left is None else self._left - len(fault) - len(_GAP) * bool(fault)))
        if fault:
            text.append(_GAP)
            text.append(fault, style)
        text.rstrip()
        return text


def _trouble(exchange: Exchange) -> str:
    """Why it went wrong, or at least how."""
    return exchange.fault or ("" if exchange.ending == Ending.FINISHED else exchange.ending)


def _model(exchange: Exchange, room: int | None) -> str:
    """What was asked for and who served it, cut where there is no room."""
    asked = clean(exchange.asked) or "–"
    both = asked if exchange.target in {"", asked} else f"{asked} → {exchange.target}"
    return _cut(both, room)


def _fit(text: str, width: int) -> str:
    text = _cut(text, abs(width))
    return text.rjust(-width) if width < 0 else text.ljust(width)


def _cut(text: str, room: int | None) -> str:
    if room is None or len(text) <= room:
        return text
    return text[: room - 1] + "…" if room > 0 else ""


def local_time(at: int) -> str:
    """An instant in the reader's own time zone, to the second."""
    return datetime.fromtimestamp(at / _NS).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(milliseconds: float) -> str:
    """A short word for a time."""
    if milliseconds < 1:
        return f"{milliseconds:.2f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < _MANY else f"{milliseconds / 1e3:.1f} s"


def count(tokens: int) -> str:
    """A number, or nothing for none."""
    return f"{tokens}" if tokens else ""


def money(nanos: int, currency: str) -> str:
    """An amount, exact to a millionth, and to the nano-unit where it is less."""
    digits = f"{abs(nanos) // 10**9}.{abs(nanos) % 10**9:09d}"
    shown = digits[:-3] if abs(nanos) >= 10**6 else digits
    return ("-" if nanos < 0 else "") + ("$" if currency == "USD" else f"{currency} ") + shown
