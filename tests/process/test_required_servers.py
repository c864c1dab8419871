"""In CI nothing is skipped for want of a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = """
import pytest

@pytest.mark.skipif(True, reason="nginx is not installed (Debian package nginx)")
def test_beside_nginx(): ...

@pytest.mark.skipif(True, reason="only on macOS")
def test_elsewhere(): ...
"""


@pytest.mark.parametrize(("required", "outcome"), [("1", "1 skipped, 1 error"), ("", "2 skipped")])
def test_a_missing_program_is_a_failure_where_servers_are_required(tmp_path: Path, required: str, outcome: str) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_example.py").write_text(EXAMPLE)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "HEADWORKS_REQUIRE_SERVERS": required},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert outcome in done.stdout, done.stdout
