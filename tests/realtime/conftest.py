"""A running gateway in front of a provider of conversations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.realtime.talker import Talker
from tests.system.house import KEY, RunningHouse

POOR = "hw-poor-caller"
NARROW = "hw-narrow-caller"
JUDGED = "hw-judged-caller"


@pytest.fixture(scope="session")
def talker() -> Iterator[Talker]:
    with Talker() as running:
        yield running


@pytest.fixture(scope="session")
def house(talker: Talker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    with RunningHouse(tmp_path_factory.mktemp("realtime"), config(talker)) as running:
        yield running


def config(talker: Talker) -> dict[str, Any]:
    """What it serves by: dollars are so dear that a budget of a few holds a few answers."""
    return {
        "providers": {"live": {"type": "openai-compatible", "base_url": f"{talker.url}/v1", "api_key": "sk-live"}},
        "models": {
            "voice": {"targets": [{"model": "live/gpt-realtime", "max_output": 1000, "profile": {"context": 1000}}]},
            "refused": "live/refuses",
            "either": {"targets": ["live/busy", {"model": "live/gpt-realtime", "order": 1}]},
        },
        "prices": {"live/*": {"input": 1000, "output": 1000, "output_audio": 2000, "input_audio": 3000}},
        "keys": {
            "tester": {"key": "${SYSTEM_TEST_KEY}", "features": ["*"]},
            "poor": {"key": POOR, "limits": {"budget": "6.5 USD"}},
            "narrow": {"key": NARROW, "features": ["audio", "audio_out"]},
            "judged": {"key": JUDGED, "guards": ["words"]},
        },
        "guards": {"words": {"patterns": ["forbidden"], "applies": "named"}},
        "retries": {"attempts": 2, "base": 0.01},
        "breaker": {"failures": 10_000, "cooldown": 0, "cooldown_cap": 0},
    }


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    """OpenAI's SDK, pointed at the gateway."""
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client
