"""One line a request, with nothing in it that should not be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.domain.exchange import Exchange
from headworks.domain.snapshot import LogSettings
from headworks.domain.target import Tried
from headworks.domain.usage import Usage
from headworks.exporters.logs import RequestLog
from headworks.exporters.redaction import clean
from tests.control.serving import Output
from tests.journal.writing import end


def logged(exchange: Exchange, *, terminal: bool = False, **settings: Any) -> str:
    """The line of one exchange."""
    output = Output()
    log = RequestLog(LogSettings(**settings), output, terminal=terminal)
    log.emit(exchange)
    assert output.written == b""
    log.flush()
    return output.written.decode()


def fields_of(exchange: Exchange, **settings: Any) -> dict[str, Any]:
    """The line of one exchange, read."""
    return msgspec.json.decode(logged(exchange, **settings))


def test_a_request_is_one_json_object_on_one_line() -> None:
    line = logged(end(1, fault="severed", detail="two\nlines"))

    assert line.count("\n") == 1
    fields = msgspec.json.decode(line, type=dict[str, Any])
    assert fields["event"] == "request"
    assert fields["time"] == "2026-01-01T00:00:00.000Z"
    assert fields["cost"] == "0.0006 USD"
    assert (fields["status"], fields["input_tokens"], fields["duration_ms"]) == (200, 100, 812.5)


@pytest.mark.parametrize(
    ("exchange", "level"),
    [
        (end(1), "info"),
        (end(1, ending="refused", status=401, fault="invalid_api_key"), "info"),
        (end(1, ending="client_gone", status=499, fault="client_gone"), "info"),
        (end(1, ending="failed", status=502, fault="upstream_reset"), "warning"),
        (end(1, ending="killed", status=0), "warning"),
        (end(1, ending="failed", status=500, fault="internal_error"), "error"),
    ],
)
def test_how_loud_a_line_is_depends_on_whose_fault_it_was(exchange: Exchange, level: str) -> None:
    assert fields_of(exchange)["level"] == level


def test_the_way_it_took_is_told_only_in_full() -> None:
    tried = (Tried(target="a/b", provider="a", model="b", at=1.0, fault="upstream_reset", detail="reset"),)
    exchange = end(1, tried=tried, stages={"route": 0.5}, notes={"route": "ordered"}, peer="10.0.0.1")

    assert not {"stages", "notes", "tried", "peer"} & fields_of(exchange).keys()
    full = fields_of(exchange, detail="full")
    assert full["stages"] == {"route": 0.5}
    assert full["tried"][0]["detail"] == "reset"
    assert full["peer"] == "10.0.0.1"


def test_off_is_silent() -> None:
    assert logged(end(1), detail="off") == ""


@pytest.mark.parametrize(
    ("format_", "terminal", "human"),
    [("auto", True, True), ("auto", False, False), ("json", True, False), ("human", False, True)],
)
def test_people_get_a_line_to_read(format_: str, terminal: bool, human: bool) -> None:  # noqa: FBT001 - a table's columns
    line = logged(end(1, usage=Usage(input=3, output=4)), terminal=terminal, format=format_)

    assert line.startswith("{") is not human
    assert ("3+4 tokens" in line) is human


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abc123DEF456ghi789",
        "hw-0123456789abcdef0123",
        "Bearer abcdefgh12345",
        "gsk_abcdEFGH0123456789xyz",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    ],
)
@pytest.mark.parametrize("format_", ["json", "human"])
def test_what_looks_like_a_key_is_masked_wherever_a_stranger_put_it(secret: str, format_: str) -> None:
    exchange = end(
        1, detail=f"Incorrect API key provided: {secret}.", asked=secret, client_request_id=secret, notes={"a": secret}
    )

    assert secret not in logged(exchange, format=format_, detail="full")


@pytest.mark.parametrize("name", ["gpt-5-mini-2025-08-07", "key-production", "hw-production-backend-europe", "sk-ip"])
def test_ordinary_names_are_left_alone(name: str) -> None:
    assert clean(name) == name


def test_a_client_cannot_write_to_the_operators_terminal() -> None:
    nasty = "gpt\x1b[2J\x1b]0;owned\x07\r\n\u202efake"

    line = logged(end(1, asked=nasty, detail=nasty), format="human")

    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_nothing_endless_is_logged() -> None:
    assert len(logged(end(1, asked="m" * 100_000, detail="d" * 100_000))) < 2000
