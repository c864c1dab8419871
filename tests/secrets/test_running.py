"""A running gateway and a credential of the store: used, replaced while it runs, and nowhere to be read."""

from __future__ import annotations

import http.client
import io
import json
import signal
from pathlib import Path

import pytest

from headworks.cli import secrets as commands
from headworks.testing.emulator import EmulatorProcess, Personality
from tests.secrets.vault import NAMES, FakeVault
from tests.system.house import KEY, RunningHouse

WRONG, RIGHT = "sk-revoked-at-the-provider-11", "sk-good-at-the-provider-22"


def ask(house: RunningHouse) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
    try:
        body = json.dumps({"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello?"}]})
        connection.request(
            "POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        )
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_a_replaced_credential_counts_after_a_reload_and_is_nowhere_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(value: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(value))
        assert commands.put("up", house.path) == 0

    with EmulatorProcess(Personality(name="up", prefix="/up", keys=(RIGHT,))) as emulator:
        provider = {"type": "openai-compatible", "base_url": f"{emulator.urls['up']}/v1", "api_key": "secret:up"}
        house = RunningHouse(
            tmp_path, {"providers": {"up": provider}, "models": {"m": "up/gpt-4o"}, "prices": {"up/*": "free"}}
        )
        put(WRONG)
        with house:
            assert ask(house) >= 400
            put(RIGHT)
            house.signal(signal.SIGHUP)
            house.wait_for(lambda: ask(house) == 200, "the new credential")

    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept for value in (WRONG, RIGHT) if value.encode() in path.read_bytes()] == []
    assert tmp_path / "output.log" in kept


def test_a_gateway_outlives_the_vault_of_its_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vault is asked at a start and at a reload: without it a reload changes nothing, and a gateway that runs goes on."""
    with EmulatorProcess(Personality(name="up", prefix="/up", keys=(RIGHT,))) as emulator, FakeVault() as vault:
        for name, value in {"HEADWORKS_MASTER_KEY": "vault:headworks", "VAULT_ADDR": vault.url, **NAMES}.items():
            monkeypatch.setenv(name, value)
        provider = {"type": "openai-compatible", "base_url": f"{emulator.urls['up']}/v1", "api_key": "secret:up"}
        house = RunningHouse(
            tmp_path, {"providers": {"up": provider}, "models": {"m": "up/gpt-4o"}, "prices": {"up/*": "free"}}
        )
        monkeypatch.setattr("sys.stdin", io.StringIO(RIGHT))
        assert commands.put("up", house.path) == 0
        with house:
            vault.engine.sealed = True
            house.signal(signal.SIGHUP)
            house.wait_for(lambda: "is sealed" in (tmp_path / "output.log").read_text(), "word of the refused reload")
            assert ask(house) == 200
