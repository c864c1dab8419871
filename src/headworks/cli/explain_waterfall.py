"""Where the time of one exchange went: a bar for each stage and each part of an attempt."""

from __future__ import annotations

from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from headworks.cli.exchanges_page import duration
from headworks.domain.exchange import Exchange


class Span(NamedTuple):
    """A line of the waterfall: milliseconds from the exchange's beginning, and a style."""

    name: str
    start: float
    end: float
    style: str


def spans(end: Exchange) -> list[Span]:
    """The stages, each until the next one was entered, and the attempts, each waiting for its head and then for its end."""
    entered = sorted(end.stages.items(), key=lambda stage: stage[1])
    first_try = end.tried[0].at if end.tried else end.duration
    followed = [start for _, start in entered[1:]] + [max(first_try, entered[-1][1])] if entered else []
    lines = [Span(name, start, until, "cyan") for (name, start), until in zip(entered, followed, strict=True)]
    for number, tried in enumerate(end.tried, 1):
        over = tried.end_at or end.duration
        head = min(tried.head_at or over, over)
        lines.append(Span(f"attempt {number} waits", tried.at, head, "yellow"))
        if tried.head_at:
            lines.append(Span(f"attempt {number} answers", head, over, "green" if not tried.fault else "red"))
    return lines


def waterfall(end: Exchange, width: int) -> Table:
    """A line for each span, with a bar of at most `width` columns."""
    lines = spans(end)
    whole = max([end.duration, *(line.end for line in lines)]) or 1.0
    table = plain_table("", "from", "for", "")
    for line in lines:
        start = min(width - 1, int(line.start / whole * width))
        length = max(1, min(width - start, round((line.end - line.start) / whole * width)))
        bar = Text("·" * start + "█" * length + "·" * (width - start - length), style=line.style)
        table.add_row(line.name, duration(line.start), duration(line.end - line.start), bar)
    return table


def plain_table(*titles: str) -> Table:
    """A table without lines; numbers stand to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(titles), header_style="dim", pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title in {"from", "for", "cost"} else "left", overflow="fold")
    return table
