"""Cohere's SDK asks for rankings, OpenAI's for vectors and talk, of an upstream that speaks Cohere's language."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cohere
import httpx
import openai
import pytest

from tests.system.house import KEY, RunningHouse

ANSWERS: dict[str, Any] = {
    "/v2/rerank": {
        "id": "r-1",
        "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
        "meta": {"billed_units": {"search_units": 1}},
    },
    "/v2/embed": {"id": "e-1", "embeddings": {"float": [[0.5, -2.0]]}, "meta": {"billed_units": {"input_tokens": 2}}},
    "/v2/chat": {
        "id": "c-1",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi!"}]},
        "finish_reason": "COMPLETE",
        "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 2}},
    },
}
STREAM: tuple[dict[str, Any], ...] = (
    {"type": "message-start", "id": "c-2", "delta": {"message": {"role": "assistant"}}},
    {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi!"}}}},
    {"type": "content-end", "index": 0},
    {
        "type": "message-end",
        "delta": {"finish_reason": "COMPLETE", "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 2}}},
    },
)


class _Cohere(BaseHTTPRequestHandler):
    """Answers every question alike, if it comes with the key."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Any endpoint."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body, kind = json.dumps(ANSWERS[self.path]).encode(), "application/json"
        if asked.get("stream"):
            body = b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in STREAM)
            kind = "text/event-stream"
        status = 200 if self.headers["authorization"] == "Bearer co-secret" else 401
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cohere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "providers": {
            "cohere": {"type": "cohere", "base_url": f"http://127.0.0.1:{server.server_port}", "api_key": "co-secret"}
        },
        "models": {"talker": "cohere/command-a", "ranker": "cohere/rerank-v3.5", "embedder": "cohere/embed-v4.0"},
        "prices": {"cohere/*": {"input": 1, "output": 2, "search": 0.002}},
    }
    with RunningHouse(tmp_path_factory.mktemp("house"), config) as running:
        yield running
    server.shutdown()
    server.server_close()


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def ranker(house: RunningHouse) -> Iterator[cohere.ClientV2]:
    with httpx.Client() as connections:
        yield cohere.ClientV2(api_key=KEY, base_url=house.url, httpx_client=connections)


def test_cohere_s_client_ranks(ranker: cohere.ClientV2) -> None:
    ranked = ranker.rerank(model="ranker", query="Capital of France?", documents=["Ulm", "Paris"], top_n=2)

    assert [(each.index, each.relevance_score) for each in ranked.results] == [(1, 0.9), (0, 0.1)]
    assert ranked.id == "r-1"
    assert ranked.meta is not None
    assert ranked.meta.billed_units is not None
    assert ranked.meta.billed_units.search_units == 1


def test_cohere_s_client_hears_of_refusals(ranker: cohere.ClientV2) -> None:
    with pytest.raises(cohere.errors.NotFoundError):
        ranker.rerank(model="nobody", query="q", documents=["a"])


@pytest.mark.parametrize("form", ["float", "base64"])
def test_openai_s_client_gets_vectors(gpt: openai.OpenAI, form: str) -> None:
    """The client asks for base64 unless told otherwise, and makes numbers of it."""
    asked = {"encoding_format": "float"} if form == "float" else {}

    answer = gpt.embeddings.create(model="embedder", input="Hi", extra_body={"input_type": "search_query"}, **asked)  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownMemberType] - its overloads take no mapping

    assert answer.data[0].embedding == [0.5, -2.0]
    assert answer.usage.total_tokens == 2


def test_openai_s_client_talks(gpt: openai.OpenAI) -> None:
    whole = gpt.chat.completions.create(model="talker", messages=[{"role": "user", "content": "Hi"}])
    stream = gpt.chat.completions.create(
        model="talker",
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)

    assert whole.choices[0].message.content == "Hi!"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hi!"
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 2)
