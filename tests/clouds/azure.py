"""A small Azure on real sockets: OpenAI's deployments, its v1 API and Foundry's models, and Entra ID's token endpoint."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from headworks.domain.usage import Usage
from tests.grid.answers import Said
from tests.grid.servers.openai_chat import OpenAIChat
from tests.providers.token_server import Asked, Wire

Json = dict[str, Any]

KEY, TOKEN, CLIENT, SECRET = "azure-key-of-the-test", "entra-token", "the-application", "the-secret-of-the-application"
SCOPE = "https://cognitiveservices.azure.com/.default"
TEXT = "The capital is Oslo."
USED = Usage(input=1717, output=313)


def models(asked: Asked) -> tuple[int, object]:
    """`answer` of a `TokenServer`: it serves who shows the key or the token, at Azure's three doors. A filter stops forbidden questions."""
    if asked.headers.get("api-key") != KEY and asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return 401, _failure("401", "Access denied due to invalid subscription key or wrong API endpoint.")
    url = urlsplit(asked.path)
    body: Json = json.loads(asked.body)
    door, _, endpoint = _door(unquote(url.path))
    if _versions(door) != parse_qs(url.query).get("api-version", []) or (door != "deployments" and not body.get("model")):
        return 404, _failure("404", "Resource not found")
    if endpoint == "embeddings":
        return 200, {
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
            "model": "m",
            "usage": {"prompt_tokens": 2, "total_tokens": 2},
        }
    if "forbidden" in asked.body:
        words = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
        return 400, _failure("content_filter", words)
    said = Said(text=TEXT, usage=USED)
    if body.get("stream"):
        return 200, Wire(_FILTERED + OpenAIChat().streamed(said), {"content-type": "text/event-stream"})
    return 200, Wire(OpenAIChat().whole(said), {"content-type": "application/json"})


class SmallEntra:
    """`answer` of a `TokenServer` with TLS: tokens for one application, and one scope."""

    def __init__(self) -> None:
        self.url = ""
        self.given = 0

    def __call__(self, asked: Asked) -> tuple[int, object]:
        if "openid-configuration" in asked.path:
            base = f"{self.url}/my-tenant"
            return 200, {"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/authorize", "issuer": base}
        form = {name: values[0] for name, values in parse_qs(asked.body).items()}
        shown = (form.get("client_id"), form.get("client_secret"), SCOPE in form.get("scope", "").split())
        if shown != (CLIENT, SECRET, True):
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215"}
        self.given += 1
        return 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}


_FILTERED = b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}\n\n'
"""Azure's first event: what its filter found in the question, without a choice."""


def _door(path: str) -> tuple[str, str, str]:
    """Which of the doors it is, the deployment, and the endpoint."""
    if path.startswith("/openai/deployments/my-"):
        deployment, _, endpoint = path.removeprefix("/openai/deployments/").partition("/")
        return "deployments", deployment, endpoint
    for door in ("/openai/v1/", "/models/"):
        if path.startswith(door):
            return door.strip("/"), "", path.removeprefix(door)
    return "", "", ""


def _versions(door: str) -> list[str]:
    return {"deployments": ["2024-10-21"], "openai/v1": [], "models": ["2024-05-01-preview"]}.get(door, ["none"])


def _failure(code: str, words: str) -> Json:
    return {"error": {"code": code, "message": words}}
