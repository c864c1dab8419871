"""Which database an address means."""

from __future__ import annotations

from pathlib import Path

import pytest

from headworks.stores.sql.address import anchored
from headworks.wiring.clock import SystemClock
from headworks.wiring.database import database_of, written_address
from headworks.wiring.load import ConfigFile

BASE = Path("/etc/headworks")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///data/headworks.db", "sqlite:////etc/headworks/data/headworks.db"),
        ("sqlite:///headworks.db?timeout=3", "sqlite:////etc/headworks/headworks.db?timeout=3"),
        ("sqlite+aiosqlite:///headworks.db", "sqlite+aiosqlite:////etc/headworks/headworks.db"),
        ("sqlite:////var/lib/headworks.db", "sqlite:////var/lib/headworks.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///", "sqlite:///"),
        ("postgresql://ann@db/headworks", "postgresql://ann@db/headworks"),
        ("postgresql:///headworks", "postgresql:///headworks"),
        ("", ""),
    ],
)
def test_a_relative_file_counts_from_the_configuration(written: str, meant: str) -> None:
    assert anchored(written, BASE) == meant


def test_gateway_and_commands_mean_the_same_file_wherever_they_are_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "home"
    elsewhere.mkdir()
    home.mkdir()
    (home / "headworks.yaml").write_text("database: sqlite:///data.db\nmodels: {smart: vllm/llama}\nopen_door: true\n")
    monkeypatch.chdir(elsewhere)

    compiled = ConfigFile(Path("../home/headworks.yaml"), {}, SystemClock()).load()
    of_gateway = database_of(compiled.snapshot.database, tmp_path / "journal")
    of_commands = database_of(written_address(compiled.config.database, home, {}), tmp_path / "journal")

    assert Path(of_gateway.url.database or "").resolve() == Path(of_commands.url.database or "").resolve() == home / "data.db"
