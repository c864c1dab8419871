"""Importing costs little and does nothing: no file, no socket, no environment, and no library that the process does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, source_files

WATCH = '''
import importlib, json, os, sys

HOME = sys.argv[1]
found = []

def culprit():
    """The innermost caller that is ours, if none but the standard library stands between."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(HOME):
            return f"{name[len(HOME) + 1:]}:{frame.f_lineno}"
        if "site-packages" in name or "importlib" in name:
            return ""
        frame = frame.f_back
    return ""

def hear(event, arguments):
    if event in {"open", "socket.__new__", "subprocess.Popen", "os.listdir", "os.scandir", "os.mkdir", "socket.getaddrinfo"}:
        if place := culprit():
            found.append(f"{place} {event} {arguments[0]!r}")

class Environment(dict):
    def __getitem__(self, key):
        if place := culprit():
            found.append(f"{place} environment {key}")
        return super().__getitem__(key)
    def get(self, key, default=None):
        return self[key] if key in self else default

os.environ = Environment(os.environ)
sys.addaudithook(hear)
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps({"found": found, "modules": sorted(sys.modules)}))
'''


def watch(*modules: str, home: Path = ROOT / "src") -> dict[str, list[str]]:
    """Import modules in a fresh interpreter: what they did, and what was loaded."""
    command = [sys.executable, "-P", "-c", WATCH, str(home), *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def every_module() -> list[str]:
    paths = [Path(source.path).relative_to("src").with_suffix("") for source in source_files()]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__"]


def test_importing_every_module_touches_nothing() -> None:
    assert watch(*every_module())["found"] == []


@pytest.mark.parametrize(
    "line",
    [
        "open(__file__).close()",
        "import socket; socket.socket().close()",
        "import os; os.environ.get('HOME')",
        "import os; os.listdir('.')",
    ],
)
def test_a_module_that_touches_something_is_found(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "touchy.py").write_text(line)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert len(watch("touchy", home=tmp_path)["found"]) == 1


def test_the_package_itself_imports_nothing_else() -> None:
    loaded = watch("headworks")["modules"]

    assert [name for name in loaded if name.startswith("headworks.")] == []


def test_the_domain_needs_no_event_loop() -> None:
    domain = [name for name in every_module() if name.startswith(("headworks.domain", "headworks.ports"))]

    assert "asyncio" not in watch(*domain)["modules"]


def test_the_supervisor_stays_small() -> None:
    """It lives as long as the service does and must weigh next to nothing. Six modules are `files`, which need the standard library
    alone.
    """
    loaded = watch("headworks.wiring.supervisor")["modules"]

    assert {"asyncio", "msgspec", "uvloop", "yaml", "ssl"} & set(loaded) == set()
    assert len([name for name in loaded if name.startswith("headworks")]) <= 16
    assert len(loaded) <= 130


def test_the_control_process_loads_nothing_for_what_few_configure() -> None:
    """Identity providers, shared counters, policies; and migrations, which are due once a version."""
    loaded = set(watch("headworks.wiring.process_control")["modules"])

    assert loaded & {"joserfc", "hiredis", "cel", "alembic", "cyclopts", "rich"} == set()
