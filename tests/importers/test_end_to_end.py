"""A LiteLLM installation moves: its document and database are imported, a gateway is started on what came out, and old keys are tried."""

from __future__ import annotations

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headworks.testing.emulator import EmulatorProcess, Personality
from tests.importers import database
from tests.importers.making import SAMPLE
from tests.system.house import free_port

_DEADLINE = 60.0
_MASTER = "sk-the-old-master-key"


def headworks(*words: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headworks", *words]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def environment(home: Path, emulator: str) -> dict[str, str]:
    needed = (
        "OPENAI_API_KEY ANTHROPIC_API_KEY MISTRAL_API_KEY DEEPSEEK_API_KEY XAI_API_KEY GROQ_API_KEY FIREWORKS_API_KEY MOONSHOT_API_KEY "
        "OPENROUTER_API_KEY CEREBRAS_API_KEY OPENAI_KEY_RESEARCH AZURE_EASTUS_KEY AZURE_SWEDEN_KEY GEMINI_API_KEY TOGETHERAI_API_KEY "
        "PERPLEXITYAI_API_KEY COHERE_API_KEY NVIDIA_NIM_API_KEY LEGACY_KEY EMULATOR_KEY AZURE_EU_KEY"
    )
    return (
        os.environ
        | dict.fromkeys(needed.split(), "sk-not-real")
        | {
            "XDG_DATA_HOME": str(home),
            "AZURE_SWEDEN_BASE": "https://acme-sweden.openai.azure.com",
            "EMULATOR_BASE": emulator,
            "LITELLM_MASTER_KEY": _MASTER,
        }
    )


@contextmanager
def serving(directory: Path, env: dict[str, str]) -> Generator[int]:
    """`headworks serve` on what was imported; the port."""
    port = free_port()
    output = directory / "output.log"
    with output.open("wb") as log:
        command = [sys.executable, "-m", "headworks", "serve", f"--port={port}", f"--control-port={free_port()}"]
        process = subprocess.Popen(command, env=env, cwd=directory, stdout=log, stderr=log)
        try:
            deadline, never = time.monotonic() + _DEADLINE, threading.Event()
            while b"ready in" not in output.read_bytes():
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < deadline, output.read_text()
                never.wait(0.05)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_DEADLINE)


def ask(port: int, key: str, model: str = "emulated") -> tuple[int, str]:
    """Status, and the code of an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE)
    try:
        body = {"model": model, "max_tokens": 16, "messages": [{"role": "user", "content": "Hello?"}]}
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        error = json.loads(answer.read()).get("error") or {}
        return answer.status, str(error.get("code") or "")
    finally:
        connection.close()


@pytest.fixture
def home() -> Iterator[Path]:
    """A data directory with a short name: the gateway's socket is in it."""
    with tempfile.TemporaryDirectory(prefix="hw") as name:
        yield Path(name)


@pytest.fixture
def emulator() -> Iterator[str]:
    with EmulatorProcess(Personality(name="openai", prefix="/openai")) as running:
        yield f"{running.urls['openai']}/v1"


def test_old_keys_work_and_revoked_ones_do_not(tmp_path: Path, home: Path, emulator: str) -> None:
    theirs = database.make_sqlite(tmp_path / "litellm.db")
    env = environment(home, emulator)

    moved = headworks("import", "litellm", str(SAMPLE), "--database", theirs, env=env, cwd=tmp_path)
    assert moved.returncode == 0, moved.stderr
    assert "Wrote 7 parties and 8 keys" in moved.stdout
    checked = headworks("check", env=env, cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr

    with serving(tmp_path, env) as port:
        seen = {
            name: ask(port, key)
            for name, key in {
                "team's": database.RESEARCH_KEY,
                "personal": database.PERSONAL_KEY,
                "stored as it was": database.PLAIN_KEY,
                "master": _MASTER,
                "blocked": database.BLOCKED_KEY,
                "expired": database.EXPIRED_KEY,
                "of a blocked team": database.FROZEN_TEAM_KEY,
                "of a team that is gone": database.HOMELESS_KEY,
                "unknown": "sk-nobody-has-this",
            }.items()
        }
        out_of_reach = ask(port, database.PERSONAL_KEY, "gpt-4o")[0]

    assert {name: status for name, (status, _) in seen.items()} == {
        "team's": 200,
        "personal": 200,
        "stored as it was": 200,
        "master": 200,
        "blocked": 401,
        "expired": 401,
        "of a blocked team": 401,
        "of a team that is gone": 401,
        "unknown": 401,
    }
    assert out_of_reach in (403, 404)


def test_a_dry_run_writes_nothing_and_tells_everything(tmp_path: Path) -> None:
    theirs = database.make_sqlite(tmp_path / "litellm.db")
    before = sorted(path.name for path in tmp_path.iterdir())
    env = environment(tmp_path / "data", "http://127.0.0.1:9/v1")

    done = headworks("import", "litellm", str(SAMPLE), "--database", theirs, "--dry-run", "--json", env=env, cwd=tmp_path)
    report = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert report["records"] == {"parties": 7, "keys": 8}
    assert report["written"] is None
    assert report["unset_variables"] == []
    assert report["counts"]["not supported"] > 20
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("litellm.db-")) == before


def test_credentials_of_the_document_go_into_files_for_their_owner_alone(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", "http://127.0.0.1:9/v1")

    done = headworks("import", "litellm", str(SAMPLE), env=env, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    files = list((tmp_path / "headworks-secrets").iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len(files) == 3


def test_a_configuration_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "headworks.yaml").write_text("# mine\n")

    done = headworks("import", "litellm", str(SAMPLE), env=environment(tmp_path, "http://127.0.0.1:9"), cwd=tmp_path)

    assert (done.returncode, (tmp_path / "headworks.yaml").read_text()) == (1, "# mine\n")
    assert "is there already" in done.stderr


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    done = headworks(
        "import", "litellm", str(SAMPLE), "--database", f"sqlite:///{tmp_path}/other.db",
        env=environment(tmp_path, "http://127.0.0.1:9"), cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 1
    assert "LiteLLM_VerificationToken" in done.stderr
