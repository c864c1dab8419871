"""The page about one exchange: what became of it, its way through the stages, what was tried, what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from headworks.cli.exchanges_page import STYLES, duration, local_time, money
from headworks.cli.explain_waterfall import plain_table, waterfall
from headworks.domain.exchange import Begin, Checkpoint, Exchange
from headworks.domain.money import Money
from headworks.domain.outcome import Ending
from headworks.domain.target import Tried
from headworks.domain.usage import Certainty, Usage
from headworks.exporters.redaction import clean
from headworks.stores.journal import Story

_NS_PER_MS = 1e6
_BAR = 40
_NARROW = 100
_PARTS = {
    "cache_read": "read from the provider's cache",
    "cache_write": "written to it",
    "reasoning": "reasoning",
    "input_audio": "audio in",
    "output_audio": "audio out",
}
_CERTAINTIES = {
    Certainty.REPORTED: "as the provider reported",
    Certainty.ESTIMATED: "estimated from what was delivered",
}


def page(story: Story, now_ns: int, width: int) -> RenderableType:
    """The page, for a terminal of so many columns."""
    if story.end is not None:
        return Group(*_ended(story.end, width), *_feedback(story.feedback))
    return Group(*_open(story, now_ns))


def _ended(end: Exchange, width: int) -> Iterator[RenderableType]:
    yield _verdict(end)
    yield _facts(end)
    if end.stages:
        yield Text("\nstages", style="bold")
        yield waterfall(end, _BAR if width >= _NARROW else _BAR // 2)
    if end.tried:
        yield Text("\ntried", style="bold")
        yield _attempts(end)
    if end.notes:
        yield Text("\nnotes", style="bold")
        yield _grid((name, clean(note)) for name, note in end.notes.items())


def _feedback(given: Sequence[Exchange]) -> Iterator[RenderableType]:
    if given:
        yield Text("\nfeedback", style="bold")
        yield _grid(
            (local_time(each.at), f"{each.feedback.score:+g} {each.feedback.label} by {each.key or each.principal}")
            for each in given
            if each.feedback is not None
        )


def _verdict(end: Exchange) -> Text:
    text = Text.assemble((end.id, "bold"), "  ", local_time(end.at), "\n")
    text.append(end.ending, STYLES.get(Ending(end.ending), ""))
    if end.status:
        text.append(f" with {end.status}")
    if end.duration:  # nobody knows when a killed one without a checkpoint ended
        text.append(f" after {duration(end.duration)}")
    if end.overhead:
        text.append(f", of which {duration(end.overhead)} were the gateway's")
    if end.stream and end.first_token_at:
        text.append(f"; first token after {duration(end.first_token_at)}")
        if end.gaps:
            text.append(f", then one every {duration((end.duration - end.first_token_at) / end.gaps)}")
    return text


def _facts(end: Exchange) -> Table:
    asked = f"{clean(end.asked) or '–'} ({end.kind}{', streamed' if end.stream else ''})"
    languages = f"{end.front} → {end.dialect}" if end.dialect and end.dialect != end.front else end.front
    return _grid(
        pair
        for pair in (
            ("asked", asked),
            ("by", " ".join(part for part in (end.key, f"({end.principal})" if end.principal else "", end.peer) if part)),
            _whereto(end),
            ("version", _version(end)),
            ("language", languages),
            ("fault", " ".join(part for part in (end.fault, clean(end.detail)) if part)),
            ("cache", end.cache),
            ("tokens", _tokens(end.usage, end.certainty)),
            ("price", _price(end)),
            ("bytes", f"{end.bytes_in} in, {end.bytes_out} out" if end.bytes_in or end.bytes_out else ""),
            ("revision", end.revision[:12]),
            ("client's id", clean(end.client_request_id)),
            ("provider's id", clean(", ".join(filter(None, dict.fromkeys(_their_ids(end)))))),
            ("trace", clean(end.trace)),
            ("child of", " ".join(part for part in (end.parent, f"({end.purpose})" if end.purpose else "") if part)),
            ("paid by", end.payer),
        )
        if pair[1]
    )


def _their_ids(end: Exchange) -> Iterator[str]:
    """What the providers call their answers and the requests that failed."""
    for tried in end.tried:
        yield tried.upstream_id
        yield tried.request_id


def _whereto(end: Exchange) -> tuple[str, str]:
    """Who served it, or who was only asked to; empty where it was sent to nobody."""
    where = f"{end.target} at {end.provider}" if end.provider else end.target
    model = clean(end.served_model)
    if model or any(tried.served for tried in end.tried):
        return "served by", ", as ".join(part for part in (where, model) if part)
    return "sent to", where if end.ending == Ending.KILLED or any(tried.sent for tried in end.tried) else ""


def _version(end: Exchange) -> str:
    """Which one of the model's, and by which step of which rollout."""
    return f"{end.version} by step {end.step} of rollout {end.rollout}" if end.rollout else end.version


def _tokens(usage: Usage, certainty: str) -> str:
    if usage == Usage():
        return ""
    parts = [f"{getattr(usage, name)} {words}" for name, words in _PARTS.items() if getattr(usage, name)]
    inside = f" ({', '.join(parts)})" if parts else ""
    return f"{usage.input} in + {usage.output} out{inside}, {_CERTAINTIES.get(Certainty(certainty), certainty)}"


def _price(end: Exchange) -> str:
    if not end.cost and not end.price:
        return "nothing" if not end.tried else "0"
    price = str(Money(end.price, end.currency))
    return price if end.price == end.cost else f"{price} (providers charge {Money(end.cost, end.currency)} for all attempts)"


def _attempts(end: Exchange) -> Table:
    table = plain_table("target", "why", "answer", "ended", "tokens", "cost")
    for tried in end.tried:
        table.add_row(
            Text(tried.target),
            Text(clean(tried.why)),
            Text(str(tried.status or "–")),
            _how_it_ended(tried),
            Text(f"{tried.usage.input}+{tried.usage.output} {tried.certainty}" if tried.sent else "not sent"),
            Text(money(Money.of_exact(tried.cost_exact).nanos, tried.currency)),
        )
    return table


def _how_it_ended(tried: Tried) -> Text:
    if tried.fault:
        return Text(f"{tried.fault}: {clean(tried.detail)}" if tried.detail else tried.fault, style="red")
    return Text("served", style="green") if tried.served else Text("not used", style="dim")


def _open(story: Story, now_ns: int) -> Iterator[RenderableType]:
    """An exchange without an end: under way, or its process died and nobody has recovered it yet."""
    begin, mark = story.begin, story.checkpoint
    text = Text.assemble((story.id, "bold"), "  ", local_time(begin.at) if begin is not None else "", "\n")
    if story.alive:
        text.append("under way", "green")
        if begin is not None:
            text.append(f" for {duration((now_ns - begin.at) / _NS_PER_MS)}")
    else:
        text.append("killed", "bold red")
        text.append(
            ": the gateway process died before it ended. A running control process, or the next gateway, charges it by estimate."
        )
    yield text
    yield _grid(pair for pair in _open_facts(begin, mark, now_ns) if pair[1])


def _open_facts(begin: Begin | None, mark: Checkpoint | None, now_ns: int) -> Iterator[tuple[str, str]]:
    if begin is not None:
        yield "asked", f"{clean(begin.asked)} ({begin.kind}{', streamed' if begin.stream else ''})"
        yield "by", begin.principal
        yield "sent to", begin.target
        yield (
            "set aside",
            f"{begin.reserved.input} + {begin.reserved.output} tokens, {Money(begin.reserved_nanos, begin.currency)}",
        )
    if mark is not None:
        yield "last seen", f"{duration((now_ns - mark.at) / _NS_PER_MS)} ago at {mark.target}"
        yield "so far", f"{_tokens(mark.usage, mark.certainty)}; {Money(mark.cost_nanos)}"


def _grid(pairs: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(name), Text(value))
    return table
