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
    """One column: right-aligned where `width` is negative."""

    title: str
    width: int
    text: Callable[[Exchange], str]


def _served(exchange: Exchange) -> str:
    asked = clean(exchange.asked) or "–"
    return asked if exchange.target in {"", asked} else f"{asked} → {exchange.target}"


COLUMNS = (
    Column("began", 19, lambda exchange: local_time(exchange.at)),
    Column("id", 32, lambda exchange: exchange.id),
    Column("status", -6, lambda exchange: str(exchange.status or "–")),
    Column("ending", 11, lambda exchange: exchange.ending),
    Column("took", -8, lambda exchange: duration(exchange.duration) if exchange.duration else ""),
    Column(
        "first", -8, lambda exchange: duration(exchange.first_token_at) if exchange.stream and exchange.first_token_at else ""
    ),
    Column("in", -7, lambda exchange: count(exchange.usage.input)),
    Column("out", -6, lambda exchange: count(exchange.usage.output)),
    Column("price", -12, lambda exchange: money(exchange.price, exchange.currency) if exchange.price else ""),
    Column("tries", -5, lambda exchange: str(len(exchange.tried) or "")),
    Column("model", 40, _served),
    Column("fault", 0, lambda exchange: exchange.fault),
)


def heading() -> Text:
    """The titles."""
    return Text("  ".join(_fit(column.title, column.width) for column in COLUMNS).rstrip(), style="bold")


def row(exchange: Exchange) -> Text:
    """One exchange."""
    text = Text()
    for column in COLUMNS:
        style = STYLES.get(Ending(exchange.ending), "") if column.title in {"status", "ending", "fault"} else ""
        text.append(_fit(column.text(exchange), column.width), style)
        text.append("  ")
    text.rstrip()
    return text


def _fit(text: str, width: int) -> str:
    room = abs(width)
    if room and len(text) > room:
        text = text[: room - 1] + "…"
    return text.rjust(room) if width < 0 else text.ljust(room)


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
