"""A hundred thousand hostile byte streams into each side, guided by coverage: no crash, no hang, no leak."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = 100_000


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed: make prove installs it")
@pytest.mark.parametrize("side", ["tests.edge.fuzz_edge", "tests.transport.fuzz_transport"])
def test_a_hundred_thousand_byte_streams(side: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", side, f"-runs={RUNS}"], cwd=ROOT, capture_output=True, text=True, timeout=3000, check=False
    )
    print(f"\n{side}:", *ran.stderr.splitlines()[-2:], sep="\n  ")
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert f"Done {RUNS} runs" in ran.stderr
