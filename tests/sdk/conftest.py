"""A running gateway in front of an emulated OpenAI and an emulated Anthropic, for SDKs that know of nothing but a base URL and a key."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from headworks.testing.emulator import EmulatorProcess, Personality, Wire
from tests.sdk.responses_upstream import ResponsesUpstream
from tests.system.house import KEY, RunningHouse

SCRIPTS = Path(__file__).parent / "js"
MODELS = {"gpt", "claude", "embedder", "native", "painter", "dalle", "speaker", "reader", "moderator", "listener", "scribe"}
KEEPER, STRANGER = "hw-sdk-keeper", "hw-sdk-stranger"
"""Keys that may have answers stored, of two tenants."""


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorProcess]:
    providers = (
        Personality(name="openai", prefix="/openai", speak=(Wire.OPENAI,), reasoning_field="reasoning_content"),
        Personality(name="anthropic", prefix="/anthropic", speak=(Wire.ANTHROPIC,)),
    )
    with EmulatorProcess(*providers) as running:
        yield running


@pytest.fixture(scope="session")
def responses_upstream() -> Iterator[ResponsesUpstream]:
    with ResponsesUpstream() as running:
        yield running


@pytest.fixture(scope="session")
def house(
    emulator: EmulatorProcess, responses_upstream: ResponsesUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHouse]:
    with RunningHouse(tmp_path_factory.mktemp("house"), _config(emulator, responses_upstream)) as running:
        yield running


def _config(emulator: EmulatorProcess, responses_upstream: ResponsesUpstream) -> dict[str, Any]:
    return {
        "providers": {
            "openai": {"type": "openai-compatible", "base_url": f"{emulator.urls['openai']}/v1", "api_key": "sk-1"},
            "anthropic": {"type": "anthropic-compatible", "base_url": emulator.urls["anthropic"], "api_key": "sk-2"},
            "native": {"type": "openai", "base_url": f"{responses_upstream.url}/v1", "api_key": "sk-3"},
        },
        "models": {
            "gpt": "openai/gpt-5",
            "claude": "anthropic/claude-sonnet-4-5",
            "embedder": "openai/text-embedding-3-small",
            "native": "native/gpt-5",
            "painter": {"targets": [{"model": "openai/gpt-image-1"}]},
            "dalle": {"targets": [{"model": "openai/dall-e-3", "price": {"image": "0.04"}}]},
            "speaker": {"targets": [{"model": "openai/gpt-4o-mini-tts"}]},
            "reader": {"targets": [{"model": "openai/tts-1", "price": {"characters": 15}}]},
            "listener": {"targets": [{"model": "openai/gpt-4o-mini-transcribe"}]},
            "scribe": {"targets": [{"model": "openai/whisper-1", "price": {"audio_minute": "0.006"}}]},
            "moderator": {"targets": [{"model": "openai/omni-moderation-latest"}]},
        },
        "prices": {
            "openai/*": {"input": 1, "output": 2, "cache_read": 0.5},
            "native/*": {"input": 1, "output": 2, "cache_read": 0.5},
            "anthropic/*": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75},
        },
        "keys": {
            "tester": {"key": "${SYSTEM_TEST_KEY}"},
            "keeper": {"key": KEEPER, "features": ["store"]},
            "stranger": {"key": STRANGER, "features": ["store"]},
        },
        "timeouts": {"first_byte": 3, "idle": 3},
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000, "cooldown": 0, "cooldown_cap": 0},
    }


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    """OpenAI's SDK, pointed at the gateway."""
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def keeper(house: RunningHouse) -> Iterator[openai.OpenAI]:
    """The same, with a key whose answers are kept."""
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEEPER, max_retries=0) as client:
        yield client


@pytest.fixture
def stranger(house: RunningHouse) -> Iterator[openai.OpenAI]:
    """The same, of another tenant."""
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=STRANGER, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(house: RunningHouse) -> Iterator[anthropic.Anthropic]:
    """Anthropic's SDK, pointed at the gateway."""
    with anthropic.Anthropic(base_url=house.url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDKs installed as the lock says."""
    if shutil.which("npm") is None:
        if os.environ.get("HEADWORKS_REQUIRE_SERVERS"):
            pytest.fail("npm is not installed, and this run must have it")
        pytest.skip("npm is not installed: the JavaScript SDKs are not tried")
    folder = tmp_path_factory.mktemp("js")
    for path in (SCRIPTS / "package.json", SCRIPTS / "package-lock.json", SCRIPTS / ".npmrc", *SCRIPTS.glob("*.mjs")):
        shutil.copy(path, folder)
    installed = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stderr
    return folder
