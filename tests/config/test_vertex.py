"""Vertex AI, as an operator writes it: which host serves a location, and where its models are asked."""

from __future__ import annotations

import pytest

from headworks.domain.target import Target
from tests.config.compiling import compiled


def target(kind: str, model: str, location: str, quirks: str = "{}") -> Target:
    rule = f"{{type: {kind}, project: my-project, location: {location}, api_key: '${{SECRET}}', quirks: {quirks}}}"
    text = f"providers: {{p: {rule}}}\nmodels: {{m: 'p/{model}'}}\nprices: {{'p/{model}': free}}\n"
    return compiled(text, {"SECRET": "a-token"}).snapshot.models["m"].targets[0]


@pytest.mark.parametrize("kind", ["google-vertex", "vertex-anthropic"])
@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_each_location_has_its_host(kind: str, location: str, host: str) -> None:
    there = target(kind, "m", location)

    assert there.origin.host == host
    assert all(f" /v1/projects/my-project/locations/{location}/publishers/".encode() in head for head in there.heads.values())


def test_claude_is_predicted_raw() -> None:
    there = target("vertex-anthropic", "claude-sonnet-4-5@20250929", "global")

    models = b"POST /v1/projects/my-project/locations/global/publishers/anthropic/models"
    assert there.heads["chat"].startswith(models + b"/claude-sonnet-4-5%4020250929:rawPredict HTTP/1.1\r\n")
    assert there.stream_heads["chat"].startswith(models + b"/claude-sonnet-4-5%4020250929:streamRawPredict HTTP/1.1\r\n")
    assert there.heads["count_tokens"].startswith(models + b"/count-tokens:rawPredict HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("model", "action", "way"),
    [
        ("text-embedding-005", b":predict", "predict"),
        ("gemini-embedding-001", b":predict", "predict"),
        ("gemini-embedding-2", b":embedContent", "content"),
    ],
)
def test_vectors_have_two_ways(model: str, action: bytes, way: str) -> None:
    there = target("google-vertex", model, "global")

    assert f"/models/{model}".encode() + action + b" HTTP/1.1\r\n" in there.heads["embeddings"]
    assert there.quirks.vectors_by == way


def test_the_operators_word_on_quirks_goes_before_the_catalogues_on_some_models() -> None:
    there = target("google-vertex", "gemini-embedding-2", "global", "{vectors_by: predict}")

    assert there.quirks.vectors_by == "predict"
