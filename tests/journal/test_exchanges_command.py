"""`headworks exchanges` lists, filters, follows and verifies."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cyclopts import CycloptsError

from headworks.cli.exchanges import arrivals, exchanges
from headworks.cli.exchanges_wanted import Wanted
from headworks.domain.exchange import Exchange
from headworks.stores.journal import Tail, recover
from tests.journal.commands import Commands, ids_in
from tests.journal.writing import AT, Voice, abandon, begin, end, journal_in, name, recoverer

IDS = [name(number) for number in range(100)]
HOUR = 3600 * 10**9


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


def test_the_newest_come_first_under_titles(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, *(end(number, at=AT + number * HOUR) for number in range(30)))

    printed = run("exchanges", "--limit", "3", "--wide")

    assert printed.lines[0].split()[:4] == ["began", "id", "status", "ending"]
    assert ids_in(printed.lines, IDS) == [name(29), name(28), name(27)]


def test_a_row_tells_what_matters(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, ending="failed", status=502, fault="upstream_reset", asked="gpt"))

    (_, row) = run("exchanges", "--wide").lines

    for word in ("502", "failed", "812 ms", "100", "50", "$0.000600000", "gpt → test/model", "upstream_reset"):
        assert word in row


@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        (80, "began id status took model, fault"),
        (100, "began id status took price model, fault"),
        (120, "began id status took in out price model, fault"),
    ],
)
def test_a_terminal_gets_what_fits(
    tmp_path: Path, run: Commands, monkeypatch: pytest.MonkeyPatch, columns: int, titles: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = "a-model-with-a-name-that-is-longer-than-any-terminal-is-wide-and-then-some-more-of-it"
    written(
        tmp_path,
        end(1, at=AT, ending="failed", status=502, fault="upstream_reset", asked=long, target=f"test/{long}"),
        end(2, at=AT + 1, asked="gpt", target="test/gpt"),
    )

    head, served, failed = run("exchanges").lines

    assert head.split() == titles.split()
    assert max(map(len, (head, served, failed))) <= columns
    assert served.endswith("gpt → test/gpt")
    assert failed.endswith("…  upstream_reset")


def test_what_went_wrong_without_a_fault_is_told_by_its_ending(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, ending="killed", status=0))

    assert run("exchanges").lines[1].endswith("  killed")


def test_the_beginning_of_an_id_is_enough_for_explain(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1))

    shown = run("exchanges").lines[1].split()[2]

    assert run("explain", shown).out.startswith(name(1))


def test_a_row_without_a_model_says_so(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, ending="refused", status=401, asked="", target="", fault="key_missing"))

    (_, row) = run("exchanges").lines

    assert row.split()[-2:] == ["–", "key_missing"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--model", "gpt-5"), [1]),
        (("--model", "gpt-*"), [3, 1]),
        (("--model", "other/*"), [2]),
        (("--key", "team key"), [2]),
        (("--key", "key-7"), [2]),
        (("--status", "429"), [3]),
        (("--status", "4xx"), [3]),
        (("--ending", "refused"), [3]),
        (("--ending", "client-gone"), [2]),
        (("--model", "gpt-*", "--status", "2xx"), [1]),
        (("--since", "2026-01-01T01:30"), [3, 2]),
    ],
)
def test_it_shows_only_what_is_wanted(tmp_path: Path, run: Commands, words: tuple[str, ...], found: list[int]) -> None:
    written(
        tmp_path,
        end(1, asked="gpt-5", at=AT + HOUR),
        end(2, target="other/thing", principal="key-7", key="team key", ending="client_gone", status=200, at=AT + 2 * HOUR),
        end(3, asked="gpt-4", ending="refused", status=429, at=AT + 3 * HOUR),
    )

    assert ids_in(run("exchanges", "--wide", *words).lines, IDS) == [name(number) for number in found]


def test_for_programs_it_prints_the_records_themselves(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1), end(2))

    lines = run("exchanges", "--json").lines

    assert [msgspec.json.decode(line, type=Exchange) for line in lines] == [end(2), end(1)]


@pytest.mark.parametrize(("since", "ago"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1.5d", 129_600)])
def test_since_may_say_how_long_ago(since: str, ago: int) -> None:
    assert Wanted(since=since).since_ns(AT) == AT - ago * 10**9


def test_what_is_not_understood_says_what_is(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1))

    since, status = run("exchanges", "--since", "yesterday"), run("exchanges", "--status", "bad")

    assert (since.code, status.code) == (2, 2)
    assert "15m" in since.err
    assert "4xx" in status.err
    with pytest.raises(CycloptsError):
        run("exchanges", "--ending", "happy")


def test_nothing_found_is_said(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1))

    printed = run("exchanges", "--model", "none")

    assert (printed.out, printed.code) == ("", 0)
    assert "No exchange" in printed.err


def test_a_journal_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = Commands(tmp_path / "nowhere", capsys)("exchanges")

    assert printed.code == 1
    assert "no journal" in printed.err


def test_an_empty_journal_that_nobody_named_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "headworks.yaml").write_text("journal: {directory: journal}\n")
    journal_in(tmp_path / "journal").close()
    monkeypatch.chdir(tmp_path)

    assert exchanges() == 0

    said = capsys.readouterr().err
    assert f"This is the journal in {tmp_path / 'journal'}" in said
    assert "--config" in said


def test_text_of_strangers_cannot_command_the_terminal(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1, asked="\x1b[2J[bold]gpt[/bold]\x07"))

    out = run("exchanges").out

    assert "\x1b[2J" not in out
    assert "[bold]gpt" in out


def test_new_ones_are_shown_as_they_end(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    tail = Tail.from_now(tmp_path, Voice())
    pauses = iter([1, 2])

    def pause() -> None:
        journal.end(end(next(pauses)))

    coming = arrivals(tail, pause)

    assert [next(coming).id, next(coming).id] == [name(1), name(2)]
    journal.close()


def test_following_a_journal_that_is_being_written(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.end(end(1))
    command = [sys.executable, "-c", "from headworks.cli.exchanges import *; app = App(); register(app); app()"]
    follower = subprocess.Popen(
        [*command, "exchanges", "--follow", "--json", "--journal", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert follower.stdout is not None
    try:
        seen = [follower.stdout.readline()]
        journal.end(end(2))
        seen.append(follower.stdout.readline())
    finally:
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=60)

    assert [msgspec.json.decode(line, type=Exchange).id for line in seen] == [name(1), name(2)]
    journal.close()


def test_verify_tells_a_sound_journal_from_one_with_orphans(tmp_path: Path, run: Commands) -> None:
    journal = journal_in(tmp_path)
    for number in range(3):
        journal.begin(begin(number))
    journal.end(end(0))

    alive = run("exchanges", "--verify")
    assert alive.code == 0
    assert "3 exchanges begun = 1 ended + 2 under way + 0 orphans" in alive.out

    abandon(journal)
    dead = run("exchanges", "--verify")
    assert dead.code == 1
    assert "NOT SOUND" in dead.out
    assert name(1) in dead.out

    recover(tmp_path, recoverer())
    assert run("exchanges", "--verify").code == 0
    assert msgspec.json.decode(run("exchanges", "--verify", "--json").out)["killed"] == 2


def test_verify_counts_what_was_never_sent(tmp_path: Path, run: Commands) -> None:
    journal = journal_in(tmp_path)
    journal.begin(begin(0))
    journal.end(end(0))
    journal.end(end(1, ending="refused"))
    journal.close()

    out = run("exchanges", "--verify").out

    assert "1 segment in" in out
    assert "1 exchange begun = 1 ended + 0 under way + 0 orphans" in out
    assert "1 more was refused or answered before anything was sent" in out
    assert "none of those ended was killed" in out
    assert "0 lines unreadable" in out


def test_verify_finds_what_ended_twice(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1), end(1))

    printed = run("exchanges", "--verify")

    assert printed.code == 1
    assert f"{name(1)} was ended twice" in printed.out


def test_a_journal_of_a_later_version_says_what_to_do(tmp_path: Path, run: Commands) -> None:
    written(tmp_path, end(1))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":9'))

    for words in (("exchanges",), ("exchanges", "--verify"), ("explain", name(1))):
        printed = run(*words)
        assert printed.code == 1
        assert "newer one" in printed.err
