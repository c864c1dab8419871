"""The JavaScript SDKs of OpenAI and Anthropic, unchanged, in Node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sdk.conftest import KEEPER
from tests.system.house import KEY, RunningHouse

HERE = Path(__file__).parent / "js"
CHECKS = 23


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDKs installed as the lock says."""
    if shutil.which("npm") is None:
        if os.environ.get("HEADWORKS_REQUIRE_SERVERS"):
            pytest.fail("npm is not installed, and this run must have it")
        pytest.skip("npm is not installed: the JavaScript SDKs are not tried")
    folder = tmp_path_factory.mktemp("js")
    for name in ("package.json", "package-lock.json", ".npmrc", "check.mjs"):
        shutil.copy(HERE / name, folder)
    installed = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stderr
    return folder


def test_both_sdks_chat_stream_call_tools_and_raise_their_errors(node: Path, house: RunningHouse) -> None:
    ran = subprocess.run(
        ["node", "check.mjs", house.url, KEY, KEEPER], cwd=node, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("ok ") == CHECKS
