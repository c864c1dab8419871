"""A small AWS Bedrock on a real socket. It serves who signs as botocore does, or who shows its key."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from headworks.domain.events import StopReason
from headworks.domain.usage import Usage
from tests.dialects.bedrock_wire import message, stream
from tests.grid.answers import Call, Said
from tests.grid.servers.anthropic import AnthropicOnBedrock
from tests.grid.servers.bedrock import Bedrock
from tests.providers.token_server import Asked, Wire

Json = dict[str, Any]

REGION = "eu-west-1"
KEY = "bedrock-api-key-of-the-test"
TEMPORARY = Credentials("ASIAENVIRONMENT", "the-secret-of-the-environment", "the-session-token")
LASTING = Credentials("AKIAPROFILE", "the-secret-of-the-profile")
ACCOUNTS = {each.access_key: each for each in (TEMPORARY, LASTING)}
TEXT = "The capital is Oslo."
CITY = {"city": "Oslo"}
USED = Usage(input=1717, output=313)
COUNTED = 18
_FRAMES = {"content-type": "application/vnd.amazon.eventstream"}
PATIENCE = 30
"""Seconds that a stream waits for its end to be wanted."""


class SmallBedrock:
    """`answer` of a `TokenServer`. What is the matter with a request is said by its model's name."""

    def __init__(self) -> None:
        self.asked = Counter[str]()
        """How often each path was asked, decoded."""
        self.counted: Json = {}
        """What was to be counted last."""
        self.go_on = threading.Event()
        """Streams that break do so when it is set: their beginning has been heard by then."""

    def __call__(self, asked: Asked) -> tuple[int, object]:
        path = unquote(urlsplit(asked.path).path)
        self.asked[path] += 1
        trouble = _not_admitted(asked)
        if trouble:
            return 403, _failure("InvalidSignatureException", trouble)
        model, _, operation = path.removeprefix("/model/").rpartition("/")
        body: Json = json.loads(asked.body)
        if "busy" in model and self.asked[path] == 1:
            return 429, _failure("ThrottlingException", "Too many requests, please wait before trying again.")
        if operation == "count-tokens":
            self.counted = body["input"]
            if "opus" in model:
                return 403, _failure("AccessDeniedException", "User is not authorized to perform: bedrock:CountTokens")
            return 200, {"inputTokens": COUNTED}
        if "breaking" in model:
            return 200, Wire(_BEGUN[operation], _FRAMES, self._fail)
        return 200, _answer(model, operation, body)

    def _fail(self) -> bytes:
        self.go_on.wait(PATIENCE)
        return message({"message": "It broke."}, "modelStreamErrorException", "exception")


def _not_admitted(asked: Asked) -> str:
    """Why this is nobody that AWS knows; empty where it is. botocore signs the same request, and comes to the same signature."""
    shown = asked.headers.get("authorization", "")
    if shown == f"Bearer {KEY}":
        return ""
    algorithm, _, rest = shown.partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", ")) if algorithm == "AWS4-HMAC-SHA256" else {}
    who, _, scope = parts.get("Credential", "").partition("/")
    keys = ACCOUNTS.get(who)
    if keys is None:
        return "The security token included in the request is invalid."
    when = asked.headers["x-amz-date"]
    request = AWSRequest(asked.method, f"http://{asked.headers['host']}{asked.path}", data=asked.body.encode())
    request.context["timestamp"] = when
    judge = SigV4Auth(keys, "bedrock", REGION)
    judge._modify_request_before_signing(request)
    signature = judge.signature(judge.string_to_sign(request, judge.canonical_request(request)), request)
    found = (scope, parts["Signature"], asked.headers.get("x-amz-security-token"))
    wanted = (f"{when[:8]}/{REGION}/bedrock/aws4_request", signature, keys.token)
    return "" if found == wanted else "The request signature we calculated does not match the signature you provided."


def _failure(kind: str, words: str) -> Wire:
    headers = {"content-type": "application/json", "x-amzn-errortype": f"{kind}:http://internal.amazon.com/"}
    return Wire(msgspec.json.encode({"message": words}), headers)


def _answer(model: str, operation: str, body: Json) -> object:
    if operation == "converse":
        return _json(Bedrock().whole(_said(body)))
    if operation == "converse-stream":
        return Wire(Bedrock().streamed(_said(body)), _FRAMES)
    if operation == "invoke-with-response-stream":
        return Wire(AnthropicOnBedrock().streamed(_said(body)), _FRAMES)
    if "titan" in model:
        return {"embedding": [0.5, -0.25], "inputTextTokenCount": 7}
    if "cohere" in model:
        return {"id": "e", "embeddings": {"float": [[0.5, float(place)] for place in range(len(body["texts"]))]}}
    return _json(AnthropicOnBedrock().whole(_said(body)))


def _json(data: bytes) -> Wire:
    return Wire(data, {"content-type": "application/json"})


def _said(body: Json) -> Said:
    """A call where there are tools and no result of one yet, else words."""
    told = json.dumps(body["messages"])
    tools = body.get("tools") or body.get("toolConfig")
    if tools and "toolResult" not in told and "tool_result" not in told:
        return Said(calls=(Call("call_1", "weather", CITY),), stop=StopReason.TOOL_CALLS, usage=USED)
    return Said(text=TEXT, usage=USED)


_FIRST_WORDS = (
    {
        "type": "message_start",
        "message": {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "usage": {"input_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Well"}},
)
_BEGUN = {
    "converse-stream": stream(
        ("messageStart", {"role": "assistant"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Well"}})
    ),
    "invoke-with-response-stream": stream(
        *(("chunk", {"bytes": base64.b64encode(msgspec.json.encode(event)).decode()}) for event in _FIRST_WORDS)
    ),
}
"""The beginnings of streams that break."""
