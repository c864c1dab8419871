"""The JavaScript SDKs of OpenAI and Anthropic, unchanged, in Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.sdk.conftest import KEEPER
from tests.system.house import KEY, RunningHouse

CHECKS = 29


def test_both_sdks_chat_stream_call_tools_and_raise_their_errors(node: Path, house: RunningHouse) -> None:
    ran = subprocess.run(
        ["node", "check.mjs", house.url, KEY, KEEPER], cwd=node, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("ok ") == CHECKS
