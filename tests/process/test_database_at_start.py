"""A database that cannot be used: told at once where waiting does not help, by all who look before anything is started."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headworks.cli.doctor_checks import Finding, Severity
from headworks.cli.doctor_database import database_findings
from headworks.cli.settings import tolerant_settings_of
from headworks.domain.secret import SealedSecret, SecretRef
from headworks.identity import Pepper, peppers_of
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.secrets import SqlSecrets
from headworks.stores.sql.wanted import WANTED
from headworks.wiring.clock import SystemClock
from headworks.wiring.peppers import keep_pepper
from headworks.wiring.seals import seals_of
from tests.process.test_commands import USABLE, run
from tests.sql.house import made_newer, migrate


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "headworks.yaml").write_text(f"journal: {{directory: data/journal}}\n{USABLE}")
    (tmp_path / "data/journal").mkdir(parents=True, mode=0o700)
    return tmp_path


def findings(place: Path, environment: dict[str, str] | None = None) -> list[Finding]:
    return database_findings(tolerant_settings_of(place / "headworks.yaml"), environment or {})


def bad(place: Path, environment: dict[str, str] | None = None) -> list[str]:
    found = findings(place, environment)
    return [f"{each.what} {each.remedy}" for each in found if each.severity is Severity.BAD]


def with_tables(place: Path) -> Database:
    return Database(migrate(f"sqlite:///{place / 'data/headworks.db'}"))


def named(place: Path, address: str) -> None:
    (place / "headworks.yaml").write_text(f"journal: {{directory: data/journal}}\ndatabase: {address}\n{USABLE}")


def test_a_first_start_is_fine_and_looking_makes_nothing(place: Path) -> None:
    assert {finding.severity for finding in findings(place)} == {Severity.FINE}
    assert list((place / "data").iterdir()) == [place / "data/journal"]
    assert list((place / "data/journal").iterdir()) == []


def test_a_file_that_is_no_database_hinders_every_start(place: Path) -> None:
    (place / "data/headworks.db").write_text("Dear Ann,\n" * 200)

    for words in ("check", "serve"):
        done = run(place, words)
        assert done.returncode == 78, done.stdout
        assert "file is not a database" in done.stderr
        assert "Name another file" in done.stderr
        assert "Traceback" not in done.stderr
    assert run(place, "doctor").returncode == 1


def test_an_older_headworks_does_not_start_on_the_file_of_a_newer_one(place: Path) -> None:
    made_newer(migrate(f"sqlite:///{place / 'data/headworks.db'}"))

    for words in ("check", "serve"):
        done = run(place, words)
        assert done.returncode == 78, done.stdout
        assert "has tables of version 9999" in done.stderr
        assert f"headworks database downgrade --to {WANTED} --yes" in done.stderr


def test_a_server_that_is_not_up_hinders_none(place: Path) -> None:
    named(place, "postgresql://ann:secret@127.0.0.1:1/headworks")

    (found,) = findings(place)
    assert (found.severity, found.hinders) == (Severity.BAD, False)
    assert "secret" not in found.what


@pytest.mark.parametrize("address", ["mysql://ann@db/x", "postgresql://ann@127.0.0.1:1/x?bogus=1"])
def test_an_address_that_means_nothing_hinders_every_start(place: Path, address: str) -> None:
    named(place, address)
    assert [finding.hinders for finding in findings(place)] == [True]


def test_a_lost_pepper_is_told_and_no_other_is_made(place: Path) -> None:
    database = with_tables(place)

    async def keep() -> None:
        await keep_pepper(database, [Pepper(b"a" * 32)], SystemClock())
        await database.close()

    asyncio.run(keep())
    assert "is gone" in bad(place)[0]
    assert not (place / "data/journal/pepper").exists()
    assert "another" in bad(place, {"HEADWORKS_PEPPER": "b" * 64})[0]
    assert bad(place, {"HEADWORKS_PEPPER": (b"a" * 32).hex()}) == []


def test_keys_of_a_wrong_length_are_told(place: Path) -> None:
    assert "too short" in bad(place, {"HEADWORKS_PEPPER": "abc"})[0]
    assert "A master key has 32 bytes" in bad(place, {"HEADWORKS_MASTER_KEY": "abcd"})[0]


def test_secrets_under_a_lost_master_key_are_named(place: Path) -> None:
    database = with_tables(place)

    async def put() -> None:
        acts = Acts(database, SystemClock(), seals_of({}, peppers_of(place / "data/journal", {}, shared=False))[0])
        for owner, name, master in (("", "openai", "gone"), ("org_1", "customers", "lost"), ("org_2", "customers", "gone")):
            ref = SecretRef(owner=owner, name=name, version=1)
            sealed = SealedSecret(ref=ref, master=f"local:{master}", wrapped=b"x", sealed=b"y")
            await SqlSecrets(database, acts).put(sealed, audit={"actor": "ann", "operation": "secret.put"})
        await database.close()

    asyncio.run(put())
    (told,) = bad(place)
    assert "opens customers, openai (wrapped under local:gone, local:lost)" in told, "each owner's"
