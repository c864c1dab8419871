"""npm's SDKs, unchanged, in Node: OpenAI's, Anthropic's, Google's, and Vercel's AI SDK with its providers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.sdk.conftest import KEEPER
from tests.sdk.responses_upstream import ResponsesUpstream
from tests.system.house import KEY, RunningHouse

CHECKS = {"openai": 22, "anthropic": 7, "google": 22, "vercel": 113}
"""Module of `tests/sdk/js` → how many checks it makes."""
Told = dict[str, dict[str, str | None]]
"""Module → check → what went wrong."""


@pytest.fixture(scope="module")
def told(node: Path, house: RunningHouse) -> Told:
    """All of them, in one process."""
    command = ["node", "check.mjs", house.url, KEY, KEEPER]
    ran = subprocess.run(command, cwd=node, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    told: Told = {}
    for line in ran.stdout.splitlines():
        row = json.loads(line)
        told.setdefault(row["sdk"], {})[row["check"]] = row["trouble"]
    return told


@pytest.mark.parametrize("sdk", CHECKS)
def test_an_sdk_does_all_it_can(told: Told, sdk: str) -> None:
    assert {check: trouble for check, trouble in told[sdk].items() if trouble is not None} == {}
    assert len(told[sdk]) == CHECKS[sdk]


def test_what_vercels_sdk_only_refers_to_is_told_to_its_provider_by_its_own_id(
    told: Told, responses_upstream: ResponsesUpstream
) -> None:
    asked = [body["input"] for body in responses_upstream.received if isinstance(body["input"], list)]

    assert told["vercel"]
    assert {"type": "item_reference", "id": "msg_1"} in [item for items in asked for item in items]
