"""A provider's row of the catalogue against one recording of it: asked through the row, the same request leaves, and its answer is read."""

from __future__ import annotations

import json

import pytest

from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.kind import Kind
from tests.config.compiling import compiled
from tests.dialects.recordings import Recording, shared

CASES = (
    ("azure, resource: example", "azure-openai/chat-completions-6feb91ddc2c7.json"),
    ("azure-ai, resource: example", "azure-ai/chat-completions-02393a4507c2.json"),
    (
        "azure-classic, base_url: 'https://example.cognitiveservices.azure.com/openai/deployments'",
        "azure-openai/chat-completions-4b879949df51.json",
    ),
    ("crusoe", "crusoe/chat-completions-4e2d4d972ca4.json"),
    (
        "huggingface, base_url: 'https://router.huggingface.co/together/v1'",
        "huggingface/chat-completions-0ba2553549a5.json",
    ),
    ("snowflake, resource: myorg-myaccount", "snowflake/chat-completions-0e847c907789.json"),
    ("venice", "venice/chat-completions-02fbc84f1302.json"),
    ("cerebras", "cerebras/chat-completions-0ac6d839e528.json"),
    ("doubleword", "doubleword/chat-completions-0982580d7d49.json"),
    ("groq", "groq/chat-completions-01c35f754102.json"),
    ("openrouter", "openrouter/chat-completions-0156409ba61f.json"),
    ("perplexity", "perplexity/chat-completions-215313bb1585.json"),
    ("together", "together/chat-completions-33f2fad9c841.json"),
    ("writer", "writer/cohere-v1_chat-013ab99d4a45.json"),
    ("xai", "xai/chat-completions-220420517bba.json"),
    ("zai", "zai/chat-completions-244550a9143e.json"),
)
"""Row (with its settings, if it needs any), recording."""


@pytest.mark.skipif(not shared().exists(), reason="the recordings are not on this machine")
@pytest.mark.parametrize(("row", "file"), CASES, ids=[row.partition(",")[0] for row, _ in CASES])
def test_a_row_asks_as_was_recorded_and_reads_what_was_answered(row: str, file: str) -> None:
    recording = Recording(file, file.partition("/")[0], "chat.completions", 200, (), "recorded")
    request, model = recording.content["request"], recording.request["model"]
    provider = f"{{type: {row}, api_key: '${{OPENAI_API_KEY}}'}}"
    text = f"providers: {{p: {provider}}}\nmodels: {{m: 'p/{model}'}}\nprices: {{'p/{model}': free}}\n"
    target = compiled(text).snapshot.models["m"].targets[0]
    dialect = OpenAIChat()
    ask = dialect.read_ask(Kind.CHAT, json.dumps(recording.request).encode())

    line, _, headers = target.heads["chat"].decode().partition("\r\n")
    relay = dialect.untouched(Kind.CHAT, ask, target)
    relay.feed(recording.answer)
    relay.close()

    path, _, query = line.split(" ")[1].partition("?")
    assert path == request["path"]
    assert query == request["query"] or not request["query"]  # some recordings keep none
    assert request["host"] is None or f"host: {request['host']}\r\n" in headers
    assert json.loads(dialect.patch(Kind.CHAT, ask, target, None)) == recording.request
    assert relay.fault is None
    assert relay.usage is not None
