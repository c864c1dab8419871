"""Answers of Responses in the database: they outlive the gateway that made them, and nothing of them is written in the clear."""

from __future__ import annotations

import os
import signal
import sqlite3
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headworks.testing.emulator import EmulatorProcess, Personality

from .house import KEY, RunningHouse

SECRET = "a question that nobody else may read"


@pytest.fixture
def house(tmp_path: Path) -> Generator[RunningHouse]:
    with EmulatorProcess(Personality(name="openai")) as emulator:
        config: dict[str, Any] = {
            "providers": {"openai": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
            "models": {"gpt": "openai/gpt-5"},
            "prices": {"openai/*": {"input": 1, "output": 2}},
            "keys": {"tester": {"key": "${SYSTEM_TEST_KEY}", "features": ["store"]}},
            "database": f"sqlite:///{tmp_path / 'kept.db'}",
        }
        with RunningHouse(tmp_path, config) as running:
            yield running


def ask(house: RunningHouse, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = msgspec.json.encode(body) if body is not None else None
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(f"{house.url}{path}", data, headers, method=method)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own
        return msgspec.json.decode(answer.read())


def test_an_answer_outlives_its_gateway(house: RunningHouse, tmp_path: Path) -> None:
    made = ask(house, "POST", "/v1/responses", {"model": "gpt", "input": SECRET, "max_output_tokens": 50})
    old = house.gateway_pid()
    house.wait_for(lambda: _rows(tmp_path) > 0, "the answer to be written")
    os.kill(old, signal.SIGKILL)
    house.wait_for(lambda: house.gateway_pid() not in {0, old}, "another gateway")

    assert ask(house, "GET", f"/v1/responses/{made['id']}") == made
    body = {"model": "gpt", "input": "And then?", "previous_response_id": made["id"], "max_output_tokens": 50}
    assert ask(house, "POST", "/v1/responses", body)["previous_response_id"] == made["id"]
    items = ask(house, "GET", f"/v1/responses/{made['id']}/input_items")
    assert items["data"][0]["content"] == SECRET
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def _rows(directory: Path) -> int:
    """Rows that are kept."""
    connection = sqlite3.connect(directory / "kept.db")
    try:
        return int(connection.execute("SELECT count(*) FROM responses").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # the control process is still making the tables
    finally:
        connection.close()
