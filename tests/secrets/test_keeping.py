"""Secrets in both databases, the commands that keep them, and configurations that refer to them."""

from __future__ import annotations

import asyncio
import io
import os
import stat
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from headworks.cli import secrets as commands
from headworks.domain.secret import SecretRef
from headworks.ports.records import Conflict, Missing
from headworks.secrets import Envelope, LocalMaster, MasterRefused, Secret, Vault, masters_of
from headworks.stores.sql.schema import AUDIT, SECRETS
from headworks.stores.sql.secrets import SqlSecrets
from headworks.testing.clock import FrozenClock
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.fetch import post
from headworks.wiring.load import ConfigFile
from headworks.wiring.process_exits import Exit
from tests.sql.house import AUDIT as ACT
from tests.sql.house import House, house

VALUE = "sk-a-provider-credential-8d7f"
OLD, NEW = LocalMaster(bytes(range(32))), LocalMaster(bytes(range(1, 33)))


@asynccontextmanager
async def vault(url: str, masters: Sequence[LocalMaster] = (OLD,)) -> AsyncGenerator[tuple[Vault, House]]:
    async with house(url) as opened:
        yield Vault(SqlSecrets(opened.database, opened.acts), Envelope(masters)), opened


def test_a_secret_is_kept_replaced_and_removed(tables: str) -> None:
    async def story() -> None:
        async with vault(tables) as (kept, _):
            assert await kept.get("openai") is None
            assert await kept.put("openai", Secret("first"), audit=ACT) == 1
            assert await kept.put("openai", Secret("second"), audit=ACT) == 2
            found = await kept.get("openai")
            assert found is not None
            assert found.reveal() == "second"
            assert [(secret.ref.name, secret.ref.version) for secret in await kept.listed()] == [("openai", 2)]
            await kept.remove("openai", audit=ACT)
            assert await kept.get("openai") is None
            with pytest.raises(Missing):
                await kept.remove("openai", audit=ACT)
            assert await kept.put("openai", Secret("third"), audit=ACT) == 3

    asyncio.run(story())


def test_what_is_replaced_leaves_no_ciphertext_and_nothing_is_ever_in_the_open(tables: str) -> None:
    async def story() -> None:
        async with vault(tables) as (kept, opened):
            await kept.put("openai", Secret(VALUE), audit=ACT)
            await kept.put("openai", Secret(VALUE), audit=ACT)
            async with opened.database.reading() as connection:
                rows = (await connection.execute(select(SECRETS).order_by(SECRETS.c.version))).mappings().all()
                audit = (await connection.execute(select(AUDIT))).mappings().all()
            assert [(bytes(row["wrapped"]), bytes(row["sealed"])) for row in rows[:1]] == [(b"", b"")]
            assert VALUE not in repr(rows) + repr(audit)
            assert len(audit) == 2

    asyncio.run(story())


def test_the_master_key_is_changed_with_nothing_lost(tables: str) -> None:
    async def story() -> None:
        async with vault(tables) as (kept, _):
            for number in range(3):
                await kept.put(f"s{number}", Secret(f"value {number}"), audit=ACT)
        async with vault(tables, (NEW, OLD)) as (kept, _):
            assert await kept.rotate_master(audit=ACT) == 3
            assert await kept.rotate_master(audit=ACT) == 0
        async with vault(tables, (NEW,)) as (kept, _):
            for number in range(3):
                found = await kept.get(f"s{number}")
                assert found is not None
                assert found.reveal() == f"value {number}"

    asyncio.run(story())


def test_two_who_put_the_same_version_are_not_both_told_that_it_is_kept(tables: str) -> None:
    async def story() -> None:
        async with vault(tables) as (_, opened):
            store, envelope = SqlSecrets(opened.database, opened.acts), Envelope([OLD])
            ref = SecretRef(name="openai", version=await store.next_version("", "openai"))
            await store.put(await envelope.seal(ref, Secret("mine")), audit=ACT)
            with pytest.raises(Conflict):
                await store.put(await envelope.seal(ref, Secret("theirs")), audit=ACT)
            found = await store.latest("", "openai")
            assert found is not None
            assert (await envelope.open(found)).reveal() == "mine"

    asyncio.run(story())


# --- master keys


def test_a_master_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, again = (masters_of(tmp_path / "data", {}, shared=False, post=post)[0].id for _ in range(2))

    assert first == again
    assert stat.S_IMODE((tmp_path / "data" / "master-key").stat().st_mode) == 0o600


def test_replicas_must_be_given_the_same_master_key(tmp_path: Path) -> None:
    with pytest.raises(MasterRefused, match="HEADWORKS_MASTER_KEY"):
        masters_of(tmp_path, {}, shared=True, post=post)


def test_master_keys_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(bytes(range(32)).hex())
    file.chmod(0o600)

    found = masters_of(tmp_path, {"HEADWORKS_MASTER_KEY": f"{bytes(range(1, 33)).hex()}, file:{file}"}, shared=True, post=post)

    assert [master.id for master in found] == [NEW.id, OLD.id]


def test_a_master_keys_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(bytes(range(32)).hex())
    file.chmod(0o644)

    with pytest.raises(MasterRefused, match="chmod 600"):
        masters_of(tmp_path, {"HEADWORKS_MASTER_KEY": f"file:{file}"}, shared=True, post=post)


@pytest.mark.parametrize("written", ["not hex", "abcd"])
def test_a_master_key_that_is_none_is_refused_without_being_shown(tmp_path: Path, written: str) -> None:
    with pytest.raises(MasterRefused) as told:
        masters_of(tmp_path, {"HEADWORKS_MASTER_KEY": written}, shared=True, post=post)

    assert written not in str(told.value)


# --- commands and configurations


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HEADWORKS_MASTER_KEY", raising=False)
    path = tmp_path / "headworks.yaml"
    path.write_text(
        "providers: {openai: {api_key: 'secret:openai'}}\nmodels: {m: openai/gpt-4o}\n"
        "keys: {me: {sha256: '" + "0" * 64 + "'}}\njournal: {directory: journal}\n"
    )
    return path


def put(document: Path, monkeypatch: pytest.MonkeyPatch, value: str = VALUE) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(value))
    return commands.put("openai", document)


def load(document: Path) -> ConfigFile:
    return ConfigFile(document, os.environ, FrozenClock())


def test_a_configuration_gets_the_secret_that_it_refers_to(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert put(document, monkeypatch) == 0

    target = load(document).load().snapshot.models["m"].targets[0]

    assert any(VALUE.encode() in head for head in target.heads.values())


def test_another_secret_is_another_revision(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(document, monkeypatch)
    before = load(document).load().snapshot.revision
    put(document, monkeypatch, "sk-another-credential")

    assert load(document).load().snapshot.revision != before


def test_a_configuration_is_loaded_inside_a_running_loop(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a gateway does at its start."""
    put(document, monkeypatch)

    async def start() -> str:
        return load(document).load().snapshot.revision

    assert len(asyncio.run(start())) == 64


def test_a_secret_that_is_not_there_is_a_mistake_with_its_place(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(document, monkeypatch)
    document.write_text(document.read_text().replace("secret:openai", "secret:opanai"))

    with pytest.raises(
        ConfigRefused, match=r"headworks\.yaml:1:\d+: There is no secret 'opanai'\. .*headworks secrets put opanai"
    ):
        load(document).load()


def test_a_secret_under_a_lost_master_key_is_a_mistake_that_shows_nothing(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(document, monkeypatch)
    monkeypatch.setenv("HEADWORKS_MASTER_KEY", "ab" * 32)

    with pytest.raises(ConfigRefused) as told:
        load(document).load()

    assert "master key" in str(told.value)
    assert VALUE not in str(told.value)


def test_no_command_shows_a_secret(document: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    put(document, monkeypatch)
    assert commands.list_all(document) == 0
    assert commands.list_all(document, json=True) == 0
    monkeypatch.setenv("HEADWORKS_MASTER_KEY", f"{'cd' * 32},file:{document.parent / 'journal' / 'master-key'}")
    assert commands.rotate_master(document) == 0
    assert commands.remove("openai", document) == Exit.USAGE
    assert commands.remove("openai", document, yes=True) == 0
    assert commands.remove("openai", document, yes=True) == 1

    shown = "".join(capfd.readouterr())
    assert "Kept 'openai', version 1" in shown
    assert "Wrapped 1 secret again" in shown
    assert VALUE not in shown
    assert [path for path in document.parent.rglob("*") if path.is_file() and VALUE.encode() in path.read_bytes()] == []


def test_nothing_is_no_secret(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        put(document, monkeypatch, "  \n")
