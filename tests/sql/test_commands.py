"""`headworks database` and `headworks audit`, as an operator meets them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from headworks.cli import build
from headworks.identity.pepper import peppers_of
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import AUDIT, AUDIT_HEAD
from headworks.testing.clock import FrozenClock
from headworks.wiring.process_exits import Exit
from headworks.wiring.seals import seals_of


class Headworks:
    """The command line, in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *words: str) -> tuple[int, str]:
        """Exit code, and everything that was said."""
        try:
            code: int = build()(words, result_action="return_value", exit_on_error=False)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self._capture.readouterr()
        return code, said.out + said.err


@pytest.fixture
def headworks(place: Path, capfd: pytest.CaptureFixture[str]) -> Headworks:
    """Runs commands in `place`."""
    assert place.is_dir()
    return Headworks(capfd)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a configuration, and its journal's directory."""
    (tmp_path / "headworks.yaml").write_text("journal: {directory: data/journal}\n")
    (tmp_path / "data/journal").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("HEADWORKS_PEPPER", "HEADWORKS_AUDIT_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def some_denials(place: Path, number: int) -> None:
    async def write() -> None:
        database = Database(f"sqlite:///{place / 'data/headworks.db'}")
        seal, *_ = seals_of({}, peppers_of(place / "data/journal", {}, shared=False))
        acts = Acts(database, FrozenClock(), seal)
        for _ in range(number):
            await acts.append_audit({"actor": "admin_1", "operation": "keys.create"})
        await database.close()

    asyncio.run(write())


def cut_to(place: Path, number: int) -> None:
    """What somebody does who can write to the database and wants the last records gone."""

    async def cut() -> None:
        database = Database(f"sqlite:///{place / 'data/headworks.db'}")
        async with database.writing() as connection:
            await connection.execute(delete(AUDIT).where(AUDIT.c.number > number))
            mac = (await connection.execute(select(AUDIT.c.mac).where(AUDIT.c.number == number))).scalar_one()
            await connection.execute(update(AUDIT_HEAD).values(number=number, mac=mac))
        await database.close()

    asyncio.run(cut())


def test_tables_are_brought_up_checked_and_brought_down(place: Path, headworks: Headworks) -> None:
    code, said = headworks("database", "check")
    assert (code, "headworks database upgrade" in said) == (Exit.FAILED, True)
    assert headworks("database", "upgrade")[0] == Exit.OK
    assert (place / "data/headworks.db").exists()
    code, said = headworks("database", "check")
    assert (code, said.splitlines()[-1]) == (Exit.OK, "sound")
    code, said = headworks("database", "downgrade", "--to", "base")
    assert (code, "--yes" in said) == (Exit.USAGE, True)
    assert headworks("database", "check")[0] == Exit.OK
    assert headworks("database", "downgrade", "--to", "base", "--yes")[0] == Exit.OK
    assert headworks("database", "check")[0] == Exit.FAILED


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("words", ["upgrade --to 0999", "downgrade --to 0999 --yes"])
def test_a_version_that_there_is_none_of_is_told_with_those_that_there_are(headworks: Headworks, words: str) -> None:
    code, said = headworks("database", *words.split())
    assert code == Exit.USAGE
    assert "no version '0999'" in said
    assert "0001, 0002" in said


@pytest.mark.usefixtures("place")
def test_an_export_that_cannot_be_written_blames_nobody_else(headworks: Headworks) -> None:
    headworks("database", "upgrade")
    code, said = headworks("audit", "export", "--output", "nowhere/audit.jsonl")
    assert (code, said) == (Exit.FAILED, "headworks: nowhere/audit.jsonl cannot be written: No such file or directory.\n")


def test_what_was_cut_off_since_an_export_is_found(place: Path, headworks: Headworks) -> None:
    headworks("database", "upgrade")
    some_denials(place, 4)
    assert headworks("audit", "export", "--output", "taken.jsonl") == (Exit.OK, "")
    lines = [json.loads(line) for line in (place / "taken.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 4]
    assert headworks("audit", "verify", "--head", "taken.jsonl") == (Exit.OK, "4 records, sound.\n")

    cut_to(place, 2)

    assert headworks("audit", "verify")[0] == Exit.OK
    code, said = headworks("audit", "verify", "--head", "taken.jsonl", "--json")
    found = json.loads(said)
    assert (code, found["records"], found["broken"]) == (Exit.FAILED, 2, 3)


def test_another_audit_key_does_not_know_the_records_and_an_old_one_still_does(
    place: Path, headworks: Headworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    headworks("database", "upgrade")
    some_denials(place, 1)
    monkeypatch.setenv("HEADWORKS_AUDIT_KEY", "a newer key of the audit")
    assert headworks("audit", "verify")[0] == Exit.OK
    monkeypatch.setenv("HEADWORKS_AUDIT_KEY", "short")
    code, said = headworks("audit", "verify")
    assert (code, "16" in said) == (Exit.CONFIG, True)
    monkeypatch.delenv("HEADWORKS_AUDIT_KEY")
    monkeypatch.setenv("HEADWORKS_PEPPER", "00" * 32)
    code, said = headworks("audit", "verify")
    assert (code, "not at hand" in said) == (Exit.FAILED, True)


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("mysql://u:geheim@h/d", Exit.CONFIG, "sqlite and postgresql"),
        ("sqlite://", Exit.CONFIG, "sqlite:///PATH"),
        ("no address at all", Exit.CONFIG, "no address"),
        ("postgresql://u:geheim@127.0.0.1:1/d", Exit.UNAVAILABLE, "cannot be used"),
        ("sqlite:////no/such/directory/x.db", Exit.CONFIG, "no directory"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(
    place: Path, headworks: Headworks, address: str, code: int, words: str
) -> None:
    (place / "headworks.yaml").write_text(f"database: {address}\njournal: {{directory: data/journal}}\n")
    found, said = headworks("database", "check")
    assert (found, words in said, "geheim" in said, "Traceback" in said) == (code, True, False, False), said
