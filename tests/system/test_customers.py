"""Nothing that is written holds a customer's name, whichever way a caller gives it; limits and people know customers all the same."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from headworks.domain.customers import is_reference
from headworks.testing.emulator import EmulatorProcess, Personality
from headworks.testing.valkey import Server, find_server
from tests.valkey.plain import Plain

from .house import KEY, RunningHouse
from .test_administering import run

__all__ = ["run"]
ANN, BOB, EVE, SESSION = "ann.private@example.com", "bob.private@example.com", "eve.private@example.com", "session.private.7"
SECRET = b".private"
"""Stands in every name, and nowhere else."""
Run = Callable[..., str]


@pytest.fixture(params=["memory", "valkey"])
def valkey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server | None]:
    if request.param == "memory":
        yield None
        return
    program = find_server()
    if program is None:
        pytest.skip("no server of shared counters is installed")
    server = Server(program, tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house(valkey: Server | None, tmp_path: Path) -> Generator[RunningHouse]:
    rules = {
        "each": {"unit": "requests", "amount": 3, "calendar": "day", "group_by": ["customer"]},
        "talk": {"unit": "tokens", "amount": 9000, "group_by": ["session"]},
    }
    budgets = {"money": {"amount": "5 USD", "calendar": "month", "group_by": ["customer", "session"], "thresholds": [1e-9]}}
    with EmulatorProcess(Personality(name="openai")) as emulator:
        config: dict[str, Any] = {
            "providers": {"openai": {"type": "openai-compatible", "api_key": "sk", "base_url": f"{emulator.url}/v1"}},
            "models": {"gpt": "openai/gpt-5"},
            "prices": {"openai/*": {"input": 1, "output": 2}},
            "keys": {"tester": {"key": "${SYSTEM_TEST_KEY}", "limits": {"rules": rules, "budgets": budgets}}},
            "customers": {"names": "kept"},
            "logs": {"format": "json", "detail": "full"},
            "cache": {"enabled": True},
            "cluster": {"url": valkey.url, "timeout_ms": 1000} if valkey is not None else {},
        }
        with RunningHouse(tmp_path, config) as running:
            yield running


def ask(house: RunningHouse, key: str, *, path: str = "chat/completions", customer: str = "", **more: Any) -> tuple[int, str]:
    """Status, and id of the request. `customer`: in the header; `more` goes into the body."""
    body = {"model": "gpt", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello."}], **more}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "x-headworks-session": SESSION}
    headers |= {"idempotency-key": f"{zlib.crc32(json.dumps([path, customer, body]).encode()):032}"} | (
        {"x-headworks-customer": customer} if customer else {}
    )
    request = urllib.request.Request(f"{house.url}/v1/{path}", json.dumps(body).encode(), headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
            answer.read()
            return answer.status, answer.headers["x-request-id"]
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code, refused.headers["x-request-id"]


def written(house: RunningHouse) -> dict[str, bytes]:
    """All that lies in files, what the control plane shows, and what the database's file holds among it."""
    files = {str(path): path.read_bytes() for path in house.directory.rglob("*") if path.is_file()}
    return files | {"metrics": house.metrics().encode(), "status": page(f"{house.control}/")}


def page(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own address
        return answer.read()


def kept(server: Server) -> bytes:
    """Names and values of all keys."""
    with closing(Plain(server.path)) as tell:
        return b" ".join(name + b" " + (tell("DUMP", name) or b"") for name in tell("KEYS", "*"))


def test_no_name_is_written_and_each_customer_is_counted(house: RunningHouse, run: Run, valkey: Server | None) -> None:
    ways: list[dict[str, Any]] = [
        {"user": ANN},
        {"customer": ANN},
        {"path": "messages", "metadata": {"user_id": ANN}},
    ]
    asked = [ask(house, KEY, **way) for way in ways]
    assert [status for status, _ in asked] == [200] * 3
    assert ask(house, KEY, user=ANN, stream=True)[0] == 429
    assert ask(house, KEY, user=BOB, stream=True)[0] == 200
    assert ask(house, KEY, user=BOB, customer=EVE)[0] == 400
    assert len({house.record(number).customer for _, number in asked}) == 1

    key = of_an_organisation(run)
    served, number = ask(house, key, user=ANN, seed=1)
    assert served == 200
    hers = house.record(number).customer
    assert is_reference(hers)
    assert hers != house.record(asked[0][1]).customer, "another organisation's customer of this name is somebody else"

    house.wait_for(lambda: ANN in run("customers list --organisation acme"), "the name to be kept")
    house.wait_for(lambda: "1" in run(f"usage list --customers {hers} --group-by customer"), "the request to be booked")
    assert hers in run(f"usage list --group-by customer --customers {ANN} --organisations {organisation(run)}")
    traces = [place for place, text in written(house).items() if SECRET in text]
    assert traces == []
    if valkey is not None:
        assert b"cus_" in kept(valkey)
        assert SECRET not in kept(valkey)

    assert "forgotten_at" in run(f"customers forget {ANN} --organisation acme --yes")
    assert ask(house, key, user=ANN, seed=2)[0] == 200
    assert hers in run(f"customers list --organisation acme --name {ANN}")
    assert ANN not in run("customers list --organisation acme")
    assert hers in run("usage list --group-by customer"), "what was booked stays"
    assert "customers.forget" in run("audit list --limit 5")


def of_an_organisation(run: Run) -> str:
    run("organisations create acme --models *")
    run("teams create research --parent acme")
    found = re.search(r"hw-\w+", run("keys create app --owner team:research"))
    assert found is not None
    return found[0]


def organisation(run: Run) -> str:
    return str(json.loads(run("organisations list --json"))["id"])
