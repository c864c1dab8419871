"""A small Vertex AI on a real socket, with Google's token endpoint. Google's own library checks what a service account has signed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from headworks.domain.events import StopReason
from headworks.domain.usage import Usage
from tests.grid.answers import Call, Said
from tests.grid.servers.anthropic import Anthropic
from tests.grid.servers.gemini import Gemini
from tests.providers.token_server import Asked, Wire

Json = dict[str, Any]

PROJECT, LOCATION = "my-project", "europe-west4"
LASTING, HASTY = "lasting@my-project.iam.example", "hasty@my-project.iam.example"
"""Service accounts."""
ROOT = f"/v1/projects/{PROJECT}/locations/{LOCATION}/publishers"
LIVES = {LASTING: 3600, HASTY: 3}
"""Seconds that a token of theirs lasts."""
TEXT = "The capital is Oslo."
CITY = {"city": "Oslo"}
USED = Usage(input=1717, output=313)
COUNTED = 18
_JSON, _EVENTS = {"content-type": "application/json"}, {"content-type": "text/event-stream"}


class SmallVertex:
    """`answer` of a `TokenServer`. It serves who shows a token that it has given."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.given: dict[str, list[str]] = {email: [] for email in LIVES}
        """Tokens, by account."""
        self.shown = ""
        """The last one that was shown."""
        self.asked = Counter[str]()
        """How often each path was asked, decoded."""

    def write_account(self, path: Path, email: str, url: str) -> Path:
        """The file of a service account that asks for tokens there."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        facts = {"type": "service_account", "client_email": email, "private_key": pem, "token_uri": f"{url}/token"}
        path.write_bytes(msgspec.json.encode({**facts, "project_id": PROJECT, "private_key_id": "1"}))
        return path

    def __call__(self, asked: Asked) -> tuple[int, object]:
        if asked.path == "/token":
            return self._give(asked)
        path = unquote(urlsplit(asked.path).path)
        self.asked[path] += 1
        self.shown = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if not any(self.shown in tokens for tokens in self.given.values()):
            return 401, _failure(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if "busy" in path and self.asked[path] == 1:
            return 429, _failure(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.")
        publisher, _, rest = path.removeprefix(f"{ROOT}/").partition("/models/")
        model, _, action = rest.rpartition(":")
        body: Json = json.loads(asked.body)
        answer = _google if publisher == "google" else _anthropic
        return answer(model, action, body, urlsplit(asked.path).query)

    def _give(self, asked: Asked) -> tuple[int, object]:
        (assertion,) = parse_qs(asked.body)["assertion"]
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        claims = jwt.decode(assertion, certs=public)
        tokens = self.given[claims["iss"]]
        if "https://www.googleapis.com/auth/cloud-platform" not in claims["scope"].split():
            return 401, {"error": "invalid_scope"}
        tokens.append(f"ya29.{claims['iss']}-{len(tokens)}")
        return 200, {"access_token": tokens[-1], "expires_in": LIVES[claims["iss"]], "token_type": "Bearer"}


def _failure(code: int, status: str, words: str) -> Json:
    return {"error": {"code": code, "message": words, "status": status}}


def _google(model: str, action: str, body: Json, query: str) -> tuple[int, object]:
    match action:
        case "generateContent":
            return 200, Wire(Gemini().whole(_said(body["contents"], body)), _JSON)
        case "streamGenerateContent" if query == "alt=sse":
            return 200, Wire(Gemini().streamed(_said(body["contents"], body)), _EVENTS)
        case "countTokens":
            return 200, {"totalTokens": COUNTED}
        case "predict" if model.startswith("text-embedding"):
            statistics = {"token_count": 2, "truncated": False}
            vectors = [{"values": [0.5, float(place)], "statistics": statistics} for place in range(len(body["instances"]))]
            return 200, {"predictions": [{"embeddings": vector} for vector in vectors]}
        case "embedContent" if model.startswith("gemini-embedding-2"):
            return 200, {"embedding": {"values": [0.5]}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}}
        case _:
            return 404, _failure(404, "NOT_FOUND", f"{model}:{action}")


def _anthropic(model: str, action: str, body: Json, query: str) -> tuple[int, object]:  # noqa: ARG001 - of Google's own alone
    if model == "count-tokens" and action == "rawPredict" and body["model"].startswith("claude-"):
        return 200, {"input_tokens": COUNTED}
    if body.get("anthropic_version") != "vertex-2023-10-16" or "model" in body:
        words = "anthropic_version: Field required"
        return 400, {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    if action == "streamRawPredict" and body["stream"]:
        return 200, Wire(Anthropic().streamed(_said(body["messages"], body)), _EVENTS)
    return 200, Wire(Anthropic().whole(_said(body["messages"], body)), _JSON)


def _said(talk: object, body: Json) -> Said:
    """A call where there are tools and no result of one yet, else words."""
    told = json.dumps(talk)
    if body.get("tools") and "functionResponse" not in told and "tool_result" not in told:
        return Said(calls=(Call("call_1", "weather", CITY),), stop=StopReason.TOOL_CALLS, usage=USED)
    return Said(text=TEXT, usage=USED)
