"""Versions with prompts, as SDKs meet them: variables as extra fields, versions as extra headers, feedback by the answer's id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from headworks.testing.emulator import EmulatorProcess
from tests.system.house import KEY, RunningHouse

WORDS = 300
VARIABLES = {"shop": "Weir & Sons"}
MODELS = ("in-chat", "in-messages")
"""A model whose version 2 has a long prompt, at a provider of either language."""
PIN = {"x-headworks-version": "1"}
QUESTION = "Where is it?"


@pytest.fixture(scope="module")
def prompted(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    with RunningHouse(tmp_path_factory.mktemp("versions"), _config(emulator)) as running:
        yield running


def _config(emulator: EmulatorProcess) -> dict[str, Any]:
    targets = {"in-chat": "openai/gpt-5", "in-messages": "anthropic/claude-sonnet-4-5"}
    return {
        "providers": {
            "openai": {"type": "openai-compatible", "base_url": f"{emulator.urls['openai']}/v1", "api_key": "sk-1"},
            "anthropic": {"type": "anthropic-compatible", "base_url": emulator.urls["anthropic"], "api_key": "sk-2"},
        },
        "prompts": {"long": {"1": {"text": "{{shop}} " + "word " * WORDS}}},
        "models": {
            name: {
                "live": "2",
                "versions": {
                    "1": {"targets": [target]},
                    "2": {"targets": [target], "prompt": "long@1", "fixed": {"max_tokens": 16}},
                },
            }
            for name, target in targets.items()
        },
        "prices": {"openai/*": {"input": 1, "output": 2}, "anthropic/*": {"input": 3, "output": 15}},
        "keys": {"tester": {"key": "${SYSTEM_TEST_KEY}", "features": ["pin_version"]}},
    }


@pytest.mark.parametrize("model", MODELS)
def test_openais_library_asks_a_prompted_model_whole_and_streamed(prompted: RunningHouse, model: str) -> None:
    with openai.OpenAI(base_url=f"{prompted.url}/v1", api_key=KEY, max_retries=0) as client:
        asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": QUESTION}]}
        raw = client.chat.completions.with_raw_response.create(**asked, extra_body={"prompt_variables": VARIABLES})
        plain = client.chat.completions.create(**asked, extra_headers=PIN)
        chunks = list(
            client.chat.completions.create(
                **asked, stream=True, stream_options={"include_usage": True}, extra_body={"prompt_variables": VARIABLES}
            )
        )

    whole = raw.parse()
    assert whole.usage is not None
    assert plain.usage is not None
    assert chunks[-1].usage is not None
    assert raw.headers["x-headworks-version"] == "2"
    assert whole.usage.prompt_tokens == chunks[-1].usage.prompt_tokens > plain.usage.prompt_tokens + WORDS // 2
    assert whole.usage.completion_tokens <= 16
    assert prompted.record(raw.headers["x-request-id"]).version == "2"


@pytest.mark.parametrize("model", MODELS)
def test_anthropics_library_asks_and_counts_with_the_prompt(prompted: RunningHouse, model: str) -> None:
    with anthropic.Anthropic(base_url=prompted.url, api_key=KEY, max_retries=0) as client:
        asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": QUESTION}]}
        extra = {"prompt_variables": VARIABLES}
        message = client.messages.create(**asked, max_tokens=400, extra_body=extra)
        plain = client.messages.create(**asked, max_tokens=16, extra_headers=PIN)
        counted = client.messages.count_tokens(**asked, extra_body=extra)

    assert message.usage.input_tokens > plain.usage.input_tokens + WORDS // 2
    assert message.usage.output_tokens <= 16
    assert counted.input_tokens > WORDS // 2


@pytest.mark.parametrize("model", MODELS)
def test_the_responses_api_and_googles_library_do_too(prompted: RunningHouse, model: str) -> None:
    with openai.OpenAI(base_url=f"{prompted.url}/v1", api_key=KEY, max_retries=0) as client:
        response = client.responses.create(
            model=model, input=QUESTION, instructions="Be short.", extra_body={"prompt_variables": VARIABLES}
        )
    options = types.HttpOptions(base_url=prompted.url, extra_body={"prompt_variables": VARIABLES})
    with genai.Client(api_key=KEY, http_options=options, vertexai=False) as google:
        content = google.models.generate_content(model=model, contents=QUESTION)

    assert response.usage is not None
    assert content.usage_metadata is not None
    assert response.usage.input_tokens > WORDS // 2
    assert (content.usage_metadata.prompt_token_count or 0) > WORDS // 2


def test_a_missing_variable_is_an_error_that_the_library_shows(prompted: RunningHouse) -> None:
    with openai.OpenAI(base_url=f"{prompted.url}/v1", api_key=KEY, max_retries=0) as client:
        with pytest.raises(openai.BadRequestError, match="needs a value for 'shop'") as refused:
            client.chat.completions.create(model="in-chat", messages=[{"role": "user", "content": QUESTION}])
        with pytest.raises(openai.NotFoundError, match="Ask for one of 1, 2"):
            client.chat.completions.create(
                model="in-chat", messages=[{"role": "user", "content": QUESTION}], extra_headers={"x-headworks-version": "9"}
            )

    assert refused.value.param == "prompt_variables"


def test_feedback_on_an_answer_is_found_with_it(prompted: RunningHouse) -> None:
    with openai.OpenAI(base_url=f"{prompted.url}/v1", api_key=KEY, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="in-chat", messages=[{"role": "user", "content": QUESTION}], extra_headers=PIN
        )
        told = client.post("/feedback", body={"request_id": raw.headers["x-request-id"], "stars": 4}, cast_to=httpx.Response)

    record = prompted.record(told.headers["x-request-id"])
    assert told.status_code == 202
    assert record.feedback is not None
    assert (record.feedback.exchange, record.feedback.score) == (raw.headers["x-request-id"], 0.5)


def test_a_version_that_is_edited_while_it_serves_is_refused_and_the_old_one_goes_on(
    emulator: EmulatorProcess, tmp_path: Path
) -> None:
    config = _config(emulator)
    with RunningHouse(tmp_path, config) as house:
        config["models"]["in-chat"]["versions"]["2"]["fixed"] = {"max_tokens": 32}
        house.write_config(config)
        house.wait_for(lambda: "has been in force with other content" in house.output.read_text(), "the refusal")

        with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
            answer = client.chat.completions.create(
                model="in-chat",
                messages=[{"role": "user", "content": QUESTION}],
                extra_body={"prompt_variables": VARIABLES},
            )

    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 16
