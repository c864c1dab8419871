"""`headworks explain` tells the journey of one exchange."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headworks.cli.explain_waterfall import spans
from headworks.domain.exchange import Exchange
from headworks.domain.target import Tried
from headworks.domain.usage import Certainty, Usage
from headworks.stores.journal import Story, recover
from tests.journal.commands import Commands
from tests.journal.writing import abandon, begin, checkpoint, end, journal_in, name, recoverer

TRIED = (
    Tried(
        target="a/b",
        provider="a",
        model="b",
        at=0.5,
        end_at=1.5,
        fault="connect_refused",
        detail="nobody there",
        why="first in order",
    ),
    Tried(
        target="test/model",
        provider="test",
        model="m",
        at=2.5,
        head_at=100.0,
        end_at=800.0,
        status=200,
        why="fallback",
        served=True,
        sent=True,
        usage=Usage(input=100, output=50),
        certainty=Certainty.REPORTED,
        cost_exact=600_000_000_000,
    ),
)
JOURNEY = end(
    1,
    asked="gpt",
    key="team key",
    principal="key-7",
    served_model="m-2026",
    stream=True,
    first_token_at=110.0,
    gaps=10,
    overhead=0.7,
    usage=Usage(input=100, output=50, cache_read=20, reasoning=7),
    tried=TRIED,
    stages={"observe": 0.01, "route": 0.4},
    notes={"limits": "2 of 10 requests"},
    client_request_id="mine",
)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command line over the journal in `tmp_path`."""
    return Commands(tmp_path, capsys)


def written(directory: Path, *some: Exchange) -> None:
    """A journal with these exchanges."""
    journal = journal_in(directory)
    for exchange in some:
        journal.end(exchange)
    journal.close()


def test_the_page_tells_stages_tries_tokens_and_price(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, JOURNEY, end(2))

    printed = run("explain", name(1))

    assert printed.code == 0
    for words in (
        "finished with 200 after 812 ms, of which 0.70 ms were the gateway's; first token after 110 ms, then one every 70 ms",
        "gpt (chat, streamed)",
        "team key (key-7)",
        "test/model at test, as m-2026",
        "100 in + 50 out (20 read from the provider's cache, 7 reasoning), as the provider reported",
        "0.0006 USD",
        "connect_refused: nobody there",
        "first in order",
        "fallback",
        "limits  2 of 10 requests",
    ):
        assert words in printed.out


def test_nobody_served_what_was_refused(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, asked="", ending="refused", status=429))

    out = run("explain", name(1)).out

    assert "– (chat)" in out
    assert "served by" not in out
    assert "test/model" not in out


def test_the_page_tells_the_providers_ids(tmp_path: Path, run: Commands) -> None:
    failed = msgspec.structs.replace(TRIED[0], request_id="req_17")
    written(tmp_path, end(1, tried=(failed, failed, msgspec.structs.replace(TRIED[1], upstream_id="chatcmpl-9"))))

    assert "req_17, chatcmpl-9" in run("explain", "req_17").out


def test_who_was_only_asked_did_not_serve(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, ending="failed", status=502, tried=(msgspec.structs.replace(TRIED[1], served=False),)))

    out = run("explain", name(1)).out

    assert "sent to" in out
    assert "served by" not in out


def test_the_time_goes_by_in_spans() -> None:
    told = [(span.name, span.start, span.end) for span in spans(JOURNEY)]

    assert told == [
        ("observe", 0.01, 0.4),
        ("route", 0.4, 0.5),
        ("attempt 1 waits", 0.5, 1.5),
        ("attempt 2 waits", 2.5, 100.0),
        ("attempt 2 answers", 100.0, 800.0),
    ]


@pytest.mark.parametrize("ending", ["finished", "refused", "failed", "severed", "client_gone", "cancelled", "killed"])
def test_every_ending_has_a_page_even_with_nothing_known(tmp_path: Path, run: Commands, ending: str) -> None:
    written(tmp_path, Exchange(id=name(1), at=1, kind="chat", ending=ending, status=0))

    assert ending in run("explain", name(1)).out


def test_an_exchange_under_way_says_how_far_it_is(tmp_path: Path, run: Commands) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    journal.checkpoint(checkpoint(1, output=70))

    out = run("explain", name(1)).out

    assert "under way" in out
    assert "test/model" in out
    assert "100 in + 70 out" in out
    journal.close()


def test_a_killed_one_is_told_before_and_after_its_recovery(tmp_path: Path, run: Commands) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(1))
    abandon(journal)

    assert "killed" in run("explain", name(1)).out
    recover(tmp_path, recoverer())
    after = run("explain", name(1)).out
    assert "killed" in after
    assert "estimated from what was delivered" in after


def test_other_names_lead_to_it_and_several_are_listed(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1), end(2, client_request_id="my own name"))

    assert name(2) in run("explain", "my own name").out
    both = run("explain", name(1)[:-1])
    assert both.code == 1
    assert f"headworks explain {name(1)}\n  headworks explain {name(2)}" in both.err


def test_an_unknown_id_teaches(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1))

    unknown, short = run("explain", "0000000000000000"), run("explain", "01")

    assert (unknown.code, short.code) == (1, 2)
    assert "x-request-id" in unknown.err
    assert "headworks exchanges" in unknown.err
    assert "at least" in short.err


def test_for_programs_it_prints_the_story(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, JOURNEY)

    story = msgspec.json.decode(run("explain", name(1), "--json").out, type=Story)

    assert story.end == JOURNEY


def test_text_of_strangers_cannot_command_the_terminal(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, asked="\x1b[2J[bold]gpt[/bold]", detail="\x07[red]x", notes={"a": "\x1b]0;t\x07"}))

    out = run("explain", name(1)).out

    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]gpt[/bold]" in out
