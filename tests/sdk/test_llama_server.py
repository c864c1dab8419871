"""llama.cpp's own server behind the gateway: chat, Responses, Messages and vectors in its own words and translated, whole and streamed."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anthropic
import httpx
import openai
import pytest

from tests.dialects.recordings import shared
from tests.system.house import KEY, RunningHouse, free_port

BACKEND = shared().parent / "tools" / "llama_backend.py"
MODELS = ("own", "translated")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: no llama.cpp server is tried")
    if not BACKEND.exists():
        pytest.skip(f"{BACKEND} is not there: no llama.cpp server is tried")
    folder = tmp_path_factory.mktemp("llama")
    port, vectors = free_port(), free_port()
    with ExitStack() as stack:
        _serve(stack, folder, [str(BACKEND), f"--port={port}", f"--tiny={folder / 'tiny.gguf'}"])
        _serve(
            stack,
            folder,
            [
                "-m",
                "tests.sdk.llama_embeddings",
                str(BACKEND),
                f"--port={vectors}",
                f"--tiny={folder / 'vectors.gguf'}",
                "--embedding",
            ],
        )
        config = {
            "providers": {
                "llama": {"type": "llamacpp", "base_url": f"http://127.0.0.1:{port}"},
                "chat": {"type": "openai-compatible", "base_url": f"http://127.0.0.1:{port}/v1"},
                "vectors": {"type": "llamacpp", "base_url": f"http://127.0.0.1:{vectors}"},
            },
            "models": {"own": "llama/tiny", "translated": "chat/tiny", "embed": "vectors/tiny"},
            "prices": {f"{name}/*": {"input": 1, "output": 2, "cache_read": 0.5} for name in ("llama", "chat", "vectors")},
        }
        running = stack.enter_context(RunningHouse(folder, config))
        running.wait_for(lambda: _healthy(port) and _healthy(vectors), "llama.cpp's servers")
        yield running


def _serve(stack: ExitStack, folder: Path, command: list[str]) -> None:
    log = stack.enter_context((folder / f"{len(command)}.log").open("wb"))
    server = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)
    stack.callback(server.wait, 30)
    stack.callback(server.terminate)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(house: RunningHouse) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=house.url, api_key=KEY, max_retries=0) as client:
        yield client


def _metered(house: RunningHouse, count: int) -> tuple[int, int]:
    """What the journal says of the newest exchange, once there are `count`."""
    house.wait_for(lambda: len(house.ended()) >= count, "the record")
    usage = house.ended()[0].usage
    return usage.input, usage.output


@pytest.mark.parametrize("model", MODELS)
def test_chat_is_metered_as_the_server_counts(house: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    before = len(house.ended())
    whole = gpt.chat.completions.create(model=model, max_tokens=12, messages=[{"role": "user", "content": "Hello"}])
    assert whole.choices[0].message.content
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 12
    assert _metered(house, before + 1) == (whole.usage.prompt_tokens, 12)

    chunks = list(
        gpt.chat.completions.create(
            model=model,
            max_tokens=12,
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage is not None
    assert _metered(house, before + 2) == (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens)


@pytest.mark.parametrize("model", MODELS)
def test_responses_are_metered_as_the_server_counts(house: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    before = len(house.ended())
    whole = gpt.responses.create(model=model, max_output_tokens=12, input="Hello", store=False)
    assert whole.output_text
    assert whole.usage is not None
    assert _metered(house, before + 1) == (whole.usage.input_tokens, whole.usage.output_tokens)

    with gpt.responses.create(model=model, max_output_tokens=12, input="Hello", store=False, stream=True) as stream:
        events = list(stream)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert sum(event.type in {"response.completed", "response.incomplete"} for event in events) == 1
    assert _metered(house, before + 2)[1] == 12


@pytest.mark.parametrize("model", MODELS)
def test_messages_are_metered_as_the_server_counts(house: RunningHouse, claude: anthropic.Anthropic, model: str) -> None:
    before = len(house.ended())
    whole = claude.messages.create(model=model, max_tokens=12, messages=[{"role": "user", "content": "Hello"}])
    assert whole.stop_reason == "max_tokens"
    read = whole.usage.input_tokens + (whole.usage.cache_read_input_tokens or 0)
    assert _metered(house, before + 1) == (read, whole.usage.output_tokens)

    with claude.messages.stream(model=model, max_tokens=12, messages=[{"role": "user", "content": "Hello"}]) as stream:
        final = stream.get_final_message()
    assert final.content
    assert _metered(house, before + 2)[1] == final.usage.output_tokens == 12


def test_completions_arrive(gpt: openai.OpenAI) -> None:
    assert gpt.completions.create(model="own", prompt="Hello", max_tokens=8).choices[0].text


def test_vectors_are_metered_as_the_server_counts(house: RunningHouse, gpt: openai.OpenAI) -> None:
    before = len(house.ended())
    answer = gpt.embeddings.create(model="embed", input=["Hello", "the weir"])

    assert [each.index for each in answer.data] == [0, 1]
    assert all(abs(sum(x * x for x in each.embedding) - 1) < 1e-3 for each in answer.data), "as floats, out of base64"
    assert answer.data[0].embedding != answer.data[1].embedding
    assert _metered(house, before + 1) == (answer.usage.prompt_tokens, 0)


def test_gemini_s_clients_get_vectors_of_it(house: RunningHouse, gpt: openai.OpenAI) -> None:
    reply = httpx.post(
        f"{house.url}/v1beta/models/embed:embedContent",
        headers={"x-goog-api-key": KEY},
        json={"content": {"parts": [{"text": "Hello"}]}},
    )

    expected = gpt.embeddings.create(model="embed", input="Hello").data[0].embedding
    assert reply.json()["embedding"]["values"] == pytest.approx(expected, abs=1e-4)
