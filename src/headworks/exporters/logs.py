"""One line a request, for people or for machines. No prompt, no answer and no secret is in an exchange; what looks like one is masked all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import msgspec
from msgspec import structs

from headworks.domain.errors import FAULTS, Blame
from headworks.domain.exchange import Exchange
from headworks.domain.money import Money
from headworks.domain.outcome import Ending
from headworks.domain.snapshot import LogSettings
from headworks.domain.target import Tried
from headworks.exporters.redaction import clean

_NS = 10**9
_NS_PER_MS = 10**6
_GONE_WRONG = frozenset({Ending.FAILED, Ending.SEVERED, Ending.KILLED})


class Stream(Protocol):
    """Where lines go: standard output."""

    def write(self, data: bytes, /) -> object:
        """Take them all; may wait."""
        ...

    def flush(self) -> object:
        """Hand them on."""
        ...


class LogLine(msgspec.Struct, tag_field="event", tag="request", frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One request as a line of JSON. What has no value is left out; durations are milliseconds, money is decimal text with its currency."""

    time: str
    level: str
    id: str
    kind: str
    status: int = 0
    ending: str
    fault: str = ""
    detail: str = ""
    principal: str = ""
    key: str = ""
    model: str = ""
    target: str = ""
    provider: str = ""
    served_model: str = ""
    stream: bool = False
    cache: str = ""
    attempts: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    certainty: str = ""
    cost: str = ""
    duration_ms: float = 0.0
    first_token_ms: float = 0.0
    overhead_ms: float = 0.0
    client_request_id: str = ""
    trace: str = ""
    parent: str = ""
    purpose: str = ""
    peer: str = ""
    stages: dict[str, float] = {}
    notes: dict[str, str] = {}
    tried: tuple[Tried, ...] = ()


class RequestLog:
    """An `Exporter`. Lines gather until `flush`, so that a slow reader of our output is waited for outside the loop."""

    def __init__(self, settings: LogSettings, stream: Stream, *, terminal: bool) -> None:
        """`terminal` tells whether a person reads along: it decides what format `auto` means."""
        human = settings.format == "human" or (settings.format == "auto" and terminal)
        self._line: Callable[[Exchange], bytes] = human_line if human else json_line
        if settings.detail == "full" and not human:
            self._line = full_json_line
        self._silent = settings.detail == "off"
        self._stream = stream
        self._lines: list[bytes] = []

    def emit(self, exchange: Exchange) -> None:
        """Add one line."""
        if not self._silent:
            self._lines.append(self._line(exchange))

    def flush(self) -> None:
        """Write what has gathered. Waits for the reader; fit for a thread. Raises `OSError`."""
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write(b"\n".join(lines) + b"\n")
            self._stream.flush()


def json_line(exchange: Exchange) -> bytes:
    """The request as a `LogLine`, without the way it took."""
    return msgspec.json.encode(_line_of(exchange))


def full_json_line(exchange: Exchange) -> bytes:
    """The same with who asked, when each stage was entered, what the stages noted and what was tried."""
    return msgspec.json.encode(
        structs.replace(
            _line_of(exchange),
            peer=exchange.peer,
            stages=exchange.stages,
            notes={name: clean(note) for name, note in exchange.notes.items()},
            tried=tuple(structs.replace(tried, detail=clean(tried.detail)) for tried in exchange.tried),
        )
    )


def _line_of(exchange: Exchange) -> LogLine:
    usage = exchange.usage
    return LogLine(
        time=_when(exchange),
        level=level_of(exchange),
        id=exchange.id,
        kind=exchange.kind,
        status=exchange.status,
        ending=exchange.ending,
        fault=exchange.fault,
        detail=clean(exchange.detail),
        principal=exchange.principal,
        key=exchange.key,
        model=clean(exchange.asked),
        target=exchange.target,
        provider=exchange.provider,
        served_model=clean(exchange.served_model),
        stream=exchange.stream,
        cache=exchange.cache,
        attempts=len(exchange.tried),
        input_tokens=usage.input,
        cached_tokens=usage.cache_read,
        output_tokens=usage.output,
        reasoning_tokens=usage.reasoning,
        certainty=exchange.certainty if usage.input or usage.output else "",
        cost=str(Money(exchange.cost, exchange.currency)) if exchange.cost else "",
        duration_ms=round(exchange.duration, 3),
        first_token_ms=round(exchange.first_token_at, 3),
        overhead_ms=round(exchange.overhead, 3),
        client_request_id=clean(exchange.client_request_id),
        trace=clean(exchange.trace),
        parent=exchange.parent,
        purpose=exchange.purpose,
    )


def human_line(exchange: Exchange) -> bytes:
    """The request on one line for a terminal."""
    usage = exchange.usage
    parts = [
        _when(exchange)[11:23],
        str(exchange.status or "---"),
        exchange.ending,
        clean(exchange.asked) or exchange.kind,
        f"→ {exchange.target}" if exchange.target else "",
        f"{exchange.duration:.0f} ms",
        f"first token {exchange.first_token_at:.0f} ms" if exchange.stream and exchange.first_token_at else "",
        f"{usage.input}+{usage.output} tokens" if usage.input or usage.output else "",
        str(Money(exchange.cost, exchange.currency)) if exchange.cost else "",
        f"cache {exchange.cache}" if exchange.cache else "",
        f"{len(exchange.tried)} attempts" if len(exchange.tried) > 1 else "",
        exchange.fault,
        clean(exchange.detail),
        exchange.id,
    ]
    return "  ".join(part for part in parts if part).encode()


def level_of(exchange: Exchange) -> str:
    """How loud: `error` where we are at fault, `warning` where an upstream is, else `info`."""
    row = FAULTS.get(exchange.fault)
    if row is not None and row.blame is Blame.GATEWAY:
        return "error"
    return "warning" if exchange.ending in _GONE_WRONG else "info"


def _when(exchange: Exchange) -> str:
    seconds, rest = divmod(exchange.at, _NS)
    return f"{_second(seconds)}.{rest // _NS_PER_MS:03d}Z"


@lru_cache(maxsize=64)
def _second(since_1970: int) -> str:
    """Thousands of exchanges share one."""
    return datetime.fromtimestamp(since_1970, UTC).strftime("%Y-%m-%dT%H:%M:%S")
