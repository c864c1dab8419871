"""One emulator in a process of its own for all SDK tests, and the SDKs themselves."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest

from headworks.testing.emulator import EmulatorProcess, Personality, Settings

PROVIDERS = (
    Personality(name="plain", cache_floor=1024),
    Personality(name="locked", prefix="/locked", keys=("right-key",), models=("known-model",), context_window=500),
    Personality(name="reasoner", prefix="/reasoner", reasoning_field="reasoning_content"),
    Personality(name="frugal", prefix="/frugal", requests_per_minute=2, enforce_limits=True),
    Personality(name="caching", prefix="/caching", cache_floor=8),
)


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorProcess]:
    """Several providers on one port."""
    with EmulatorProcess(settings=Settings(providers=PROVIDERS)) as running:
        yield running


@pytest.fixture
def gpt(emulator: EmulatorProcess) -> Iterator[openai.OpenAI]:
    """OpenAI's SDK at the plain provider."""
    with openai.OpenAI(base_url=f"{emulator.urls['plain']}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(emulator: EmulatorProcess) -> Iterator[anthropic.Anthropic]:
    """Anthropic's SDK at the plain provider."""
    with anthropic.Anthropic(base_url=emulator.urls["plain"], api_key="any", max_retries=0) as client:
        yield client
