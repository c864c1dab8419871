"""An answer that breaks off and is gone on with, as unchanged client libraries read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from headworks.testing.emulator import EmulatorProcess, Pace, Personality
from tests.system.house import KEY, RunningHouse

PACE = Pace(first_token=0.0, tokens_per_second=400.0)
QUESTION = "Why is the sky blue?"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    names = ("one", "two")
    with EmulatorProcess(
        *(Personality(name=name, prefix=f"/{name}", pace=PACE, seed=7, answer_tokens=60) for name in names)
    ) as running:
        yield running


@pytest.fixture(scope="module")
def house(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    gpu = {"type": "openai-compatible", "api_key": "sk-emulated", "quirks": {"prefill": "flags"}}
    targets = [{"model": f"{name}/llama", "price": "free", "order": order} for order, name in enumerate(emulator.urls)]
    config: dict[str, Any] = {
        "providers": {name: {**gpu, "base_url": f"{url}/v1"} for name, url in emulator.urls.items()},
        "breaker": {"failures": 1000, "samples": 1000},
        "models": {"chat": {"targets": targets, "continuation": {"most": 1}}},
    }
    with RunningHouse(tmp_path_factory.mktemp("house"), config) as running:
        yield running


def by_openai(house: RunningHouse) -> str:
    client = openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0)
    stream = client.chat.completions.create(model="chat", stream=True, messages=[{"role": "user", "content": QUESTION}])
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def by_responses(house: RunningHouse) -> str:
    client = openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0)
    with client.responses.stream(model="chat", input=QUESTION, store=False) as stream:
        return stream.get_final_response().output_text


def by_anthropic(house: RunningHouse) -> str:
    client = anthropic.Anthropic(base_url=house.url, api_key=KEY, max_retries=0)
    with client.messages.stream(model="chat", max_tokens=500, messages=[{"role": "user", "content": QUESTION}]) as stream:
        return "".join(stream.text_stream)


@pytest.mark.parametrize("ask", [by_openai, by_responses, by_anthropic])
@pytest.mark.parametrize("trouble", ["reset after=9", "cut after=25", "error status=500 after=14"])
def test_the_whole_text_is_read_where_a_target_breaks_in_its_midst(
    ask: Any, trouble: str, house: RunningHouse, emulator: EmulatorProcess
) -> None:
    emulator.arm("")
    expected = ask(house)
    before = len(house.ended())
    emulator.arm(f"{trouble} times=1", provider="one")

    assert ask(house) == expected
    house.wait_for(lambda: len(house.ended()) > before, "the record")
    record = house.ended()[0]
    assert [line.target for line in record.tried] == ["one/llama", "two/llama"]
    assert record.notes["continued"] == "1"
    assert record.ending == "finished"
