"""A gateway carries only what its configuration uses: started for real in a fresh interpreter, stopped once it is ready."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headworks.ports.records import EVERYWHERE
from headworks.stores.sql.address import default_url
from tests.ledger.booking import Books, spent, with_books, write
from tests.sql.house import AUDIT, house, migrate, organisation

START = """
import json, os, signal, sys, threading
from headworks.wiring import process_gateway

told, ready = os.pipe()
threading.Thread(target=lambda: os.read(told, 1) and os.kill(os.getpid(), signal.SIGTERM), daemon=True).start()
code = process_gateway.main([*sys.argv[1:], f"--ready={ready}"])
print(json.dumps(sorted(sys.modules)))
sys.exit(code)
"""
CONFIG = """
providers: {sim: {type: openai-compatible, base_url: "http://127.0.0.1:9/v1"}}
models: {chat: {targets: [{model: sim/m, price: {input: 1, output: 2}}]}}
keys: {k: {key: "${NO_SUCH_VARIABLE:-hw-lean-test}", limits: {requests_per_minute: 5, budget: 1 USD}}}
"""
SQL = {"sqlalchemy", "alembic", "aiosqlite", "asyncpg", "greenlet"}
CONTROL = {"starlette", "uvicorn", "prometheus_client", "cyclopts", "rich", "pydantic", "genai_prices"}
UNUSED = {"hiredis", "cel", "joserfc", "cryptography"}


def loaded(directory: Path) -> set[str]:
    """The modules of a gateway that has served and stopped."""
    config = directory / "headworks.yaml"
    config.write_text(CONFIG)
    command = [sys.executable, "-P", "-c", START, f"--config={config}", f"--journal={journal_of(directory)}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def journal_of(directory: Path) -> Path:
    return directory / "data" / "journal"


def tables(directory: Path) -> str:
    """As the control process makes them in every installation."""
    journal_of(directory).mkdir(parents=True, exist_ok=True)
    return migrate(default_url(journal_of(directory)))


def nothing(_directory: Path) -> None:
    """A first start."""


def only_tables(directory: Path) -> None:
    tables(directory)


def books(directory: Path) -> None:
    """Exchanges of callers that stand in the configuration, booked."""
    write(journal_of(directory), [spent(number, 10) for number in range(5)])
    with_books(tables(directory), journal_of(directory), Books.book)


async def record(url: str) -> None:
    async with house(url) as there:
        await there.records.add_party(organisation(), reach=EVERYWHERE, audit=AUDIT)


@pytest.mark.parametrize("past", [nothing, only_tables, books])
def test_a_gateway_without_records_does_not_load_what_speaks_to_databases(tmp_path: Path, past: Callable[[Path], None]) -> None:
    past(tmp_path)

    assert loaded(tmp_path) & (SQL | CONTROL | UNUSED) == set()


def test_a_gateway_with_records_does(tmp_path: Path) -> None:
    """Or else the test above could not fail."""
    asyncio.run(record(tables(tmp_path)))

    modules = loaded(tmp_path)

    assert modules >= {"sqlalchemy", "aiosqlite"}
    assert "alembic" not in modules
