"""As much of Cohere's API as its library needs: it says hello, calls the tool that it is given once, and counts."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]

KEY = "co-secret"
REFUSED = "Refuse this."
"""What a question says that is answered with an error."""
USAGE: Json = {
    "billed_units": {"input_tokens": 3, "output_tokens": 2},
    "tokens": {"input_tokens": 70, "output_tokens": 9},
    "cached_tokens": 64,
}
REFUSAL: Json = {"id": "err-1", "message": "invalid request: nobody asks this"}
_RANKING: Json = {
    "id": "r-1",
    "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
    "meta": {"billed_units": {"search_units": 1}},
}
_CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}


class CohereUpstream:
    """`with CohereUpstream() as upstream: upstream.url`. `asked` is the body of the latest question."""

    def __init__(self) -> None:
        self.asked = b""
        upstream = self

        class Handler(_Handler):
            def hear(self, body: bytes) -> None:
                upstream.asked = body

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Without a version."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def hear(self, body: bytes) -> None:
        """A question came."""

    def do_POST(self) -> None:
        """Any endpoint."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.hear(body)
        asked = json.loads(body)
        if self.headers["authorization"] != f"Bearer {KEY}":
            self._say(401, json.dumps({"message": "invalid api token"}))
        elif REFUSED in body.decode():
            self._say(400, json.dumps(REFUSAL))
        elif asked.get("stream"):
            events = _events(asked)
            told = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
            self._say(200, f"{told}data: [DONE]\n\n", "text/event-stream")
        else:
            self._say(200, json.dumps({"/v2/rerank": _rank, "/v2/embed": _embed, "/v2/chat": _chat}[self.path](asked)))

    def _say(self, status: int, text: str, kind: str = "application/json") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def _rank(asked: Json) -> Json:  # noqa: ARG001 - all questions are ranked alike
    return _RANKING


def _embed(asked: Json) -> Json:
    forms: Json = {"float": [0.5, -2.0], "int8": [64, -128]}
    wanted = asked.get("embedding_types") or ["float"]
    told = {form: [forms[form] for _ in asked["texts"]] for form in wanted}
    return {"id": "e-1", "embeddings": told, "meta": {"billed_units": {"input_tokens": 2}}}


def _calls(asked: Json) -> bool:
    return "tools" in asked and not any(message["role"] == "tool" for message in asked["messages"])


def _chat(asked: Json) -> Json:
    message: Json = {"role": "assistant", "content": [{"type": "text", "text": "Hi!"}]}
    if _calls(asked):
        message = {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [_CALL]}
    return {"id": "c-1", "message": message, "finish_reason": "TOOL_CALL" if _calls(asked) else "COMPLETE", "usage": USAGE}


def _events(asked: Json) -> list[Json]:
    end = {"finish_reason": "TOOL_CALL" if _calls(asked) else "COMPLETE", "usage": USAGE}
    said = [
        _event("content-start", index=0, content={"type": "text", "text": ""}),
        _event("content-delta", index=0, content={"text": "Hi!"}),
        {"type": "content-end", "index": 0},
    ]
    if _calls(asked):
        begun = {**_CALL, "function": {**_CALL["function"], "arguments": ""}}
        said = [
            _event("tool-plan-delta", tool_plan="I will look."),
            _event("tool-call-start", index=0, tool_calls=begun),
            _event("tool-call-delta", index=0, tool_calls={"function": {"arguments": _CALL["function"]["arguments"]}}),
            {"type": "tool-call-end", "index": 0},
        ]
    begin = {"type": "message-start", "id": "c-2", "delta": {"message": {"role": "assistant"}}}
    return [begin, *said, {"type": "message-end", "delta": end}]


def _event(kind: str, index: int | None = None, **message: Any) -> Json:
    return {"type": kind, **({} if index is None else {"index": index}), "delta": {"message": message}}
