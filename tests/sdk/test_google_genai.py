"""Google's own library, unchanged, over real sockets: against an upstream of its own language, OpenAI's and Anthropic's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from headworks.testing.emulator import EmulatorProcess
from tests.system.house import KEY, RunningHouse

MODELS = ("gemini", "gpt", "claude")
_USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}


class _Google(BaseHTTPRequestHandler):
    """As much of the Gemini API as the library needs. It calls the tool it is given, once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        action = self.path.partition(":")[2]
        if action.startswith("batchEmbedContents"):
            self._say(json.dumps({"embeddings": [{"values": [0.5, 1.0]} for _ in body["requests"]]}), "application/json")
        elif action.startswith("countTokens"):
            self._say('{"totalTokens": 7}', "application/json")
        elif action.startswith("stream"):
            chunks: list[dict[str, Any]] = [
                self._chunk([{"text": "Hel"}]),
                self._chunk([{"text": "lo"}]) | {"usageMetadata": _USAGE},
            ]
            chunks[1]["candidates"][0]["finishReason"] = "STOP"
            self._say("".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks), "text/event-stream")
        else:
            answered = any("functionResponse" in part for turn in body["contents"] for part in turn["parts"])
            call = {"functionCall": {"name": "weather", "args": {"city": "Rome"}}, "thoughtSignature": "c2ln"}
            said = [call] if "tools" in body and not answered else [{"text": "Hello"}]
            answer: dict[str, Any] = self._chunk(said) | {"usageMetadata": _USAGE}
            answer["candidates"][0]["finishReason"] = "STOP"
            self._say(json.dumps(answer), "application/json")

    def _chunk(self, parts: list[Any]) -> dict[str, Any]:
        content = {"role": "model", "parts": parts}
        return {"candidates": [{"content": content, "index": 0}], "modelVersion": "gemini-2.5-flash", "responseId": "r1"}

    def _say(self, text: str, kind: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@pytest.fixture(scope="module")
def client(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[genai.Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Google)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "providers": {
            "google": {"type": "google", "base_url": f"http://127.0.0.1:{server.server_port}/v1beta", "api_key": "AIza-1"},
            "openai": {"type": "openai-compatible", "base_url": f"{emulator.urls['openai']}/v1", "api_key": "sk-1"},
            "anthropic": {"type": "anthropic-compatible", "base_url": emulator.urls["anthropic"], "api_key": "sk-2"},
        },
        "models": {
            "gemini": "google/gemini-2.5-flash",
            "gpt": "openai/gpt-5",
            "claude": "anthropic/claude-sonnet-4-5",
            "embedder": "google/gemini-embedding-001",
        },
        "unpriced": "free",
    }
    with RunningHouse(tmp_path_factory.mktemp("google"), config) as house:
        options = types.HttpOptions(base_url=house.url, api_version="v1beta")
        yield genai.Client(api_key=KEY, http_options=options, vertexai=False)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("model", MODELS)
def test_whole(client: genai.Client, model: str) -> None:
    answer = client.models.generate_content(
        model=model, contents="Say hello", config=types.GenerateContentConfig(system_instruction="Be terse.", temperature=0.5)
    )

    assert answer.text
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.total_token_count


@pytest.mark.parametrize("model", MODELS)
def test_streamed(client: genai.Client, model: str) -> None:
    chunks = list(client.models.generate_content_stream(model=model, contents="Say hello"))

    assert "".join(chunk.text or "" for chunk in chunks)
    assert chunks[-1].candidates is not None
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_chat(client: genai.Client) -> None:
    chat = client.chats.create(model="gemini")

    assert chat.send_message("Hi").text == "Hello"
    assert chat.send_message("Again").text == "Hello"


def test_functions_are_called_by_the_library(client: genai.Client) -> None:
    asked: list[str] = []

    def weather(city: str) -> str:
        """The weather there."""
        asked.append(city)
        return "sun"

    answer = client.models.generate_content(
        model="gemini", contents="Weather?", config=types.GenerateContentConfig(tools=[weather])
    )

    assert asked == ["Rome"]
    assert answer.text == "Hello"


def test_vectors_and_counts(client: genai.Client) -> None:
    vectors = client.models.embed_content(model="embedder", contents=["a", "b"]).embeddings
    count = client.models.count_tokens(model="gemini", contents="Hello")

    assert vectors is not None
    assert [vector.values for vector in vectors] == [[0.5, 1.0], [0.5, 1.0]]
    assert count.total_tokens == 7


def test_one_model(client: genai.Client) -> None:
    assert client.models.get(model="gpt").name == "models/gpt"


def test_an_error_is_googles(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="nobody", contents="Hi")

    assert caught.value.code == 404
    assert caught.value.status == "NOT_FOUND"
