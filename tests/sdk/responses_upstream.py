"""A provider that speaks Responses, as small as can be: it answers one text, whole or streamed, remembers what it was asked, and keeps
answers where it is told to.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Json = dict[str, Any]

SAID = "Of rivers: they run to the sea."
ANSWER_ID = "resp_0abc"
_USAGE: Json = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 21,
}


class ResponsesUpstream:
    """`with ResponsesUpstream() as upstream: upstream.url`. `received` are the bodies of all questions, in order."""

    def __init__(self) -> None:
        self.received: list[Json] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.received))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(received: list[Json]) -> type[BaseHTTPRequestHandler]:
    kept: dict[str, Json] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name is http.server's
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            received.append(asked)
            previous = asked.get("previous_response_id")
            if previous is not None and previous not in kept:
                self._send("application/json", _missing(previous), 400)
                return
            made = ANSWER_ID if not asked.get("store") else f"resp_{len(kept):08d}"
            answer = {**_response(asked["model"], "completed", _message(SAID)), "id": made, "previous_response_id": previous}
            if asked.get("store"):
                kept[made] = {**answer, "store": True}
            if asked.get("stream"):
                self._send("text/event-stream", b"".join(_frames(asked["model"])).replace(ANSWER_ID.encode(), made.encode()))
            else:
                self._send("application/json", json.dumps(answer).encode())

        def do_GET(self) -> None:  # as above
            id_ = self.path.split("/")[3]
            found = kept.get(id_)
            if found is not None and self.path.endswith("/input_items"):
                found = {"object": "list", "data": [_asked()], "first_id": "msg_0", "last_id": "msg_0", "has_more": False}
            self._send("application/json", json.dumps(found).encode() if found else _missing(id_), 200 if found else 404)

        def do_DELETE(self) -> None:  # as above
            id_ = self.path.split("/")[3]
            gone = kept.pop(id_, None)
            said = {"id": id_, "object": "response", "deleted": True}
            self._send("application/json", json.dumps(said).encode() if gone else _missing(id_), 200 if gone else 404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
            """Say nothing."""

        def _send(self, kind: str, body: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _missing(id_: str) -> bytes:
    message = f"Response with id '{id_}' not found."
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}).encode()


def _asked() -> Json:
    return {"id": "msg_0", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}


def _frames(model: str) -> Iterator[bytes]:
    for number, event in enumerate(_events(model)):
        yield b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps({**event, "sequence_number": number}).encode())


def _events(model: str) -> Iterator[Json]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "response": _response(model, "in_progress")}
    yield {"type": "response.in_progress", "response": _response(model, "in_progress")}
    yield {"type": "response.output_item.added", "output_index": 0, "item": {**_message(""), "content": []}}
    yield {"type": "response.content_part.added", **place, "part": _text("")}
    for word in SAID.split(" "):
        delta = word if word == SAID.split(" ", 1)[0] else f" {word}"
        yield {"type": "response.output_text.delta", **place, "delta": delta, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": SAID, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": _text(SAID)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": _message(SAID)}
    yield {"type": "response.completed", "response": _response(model, "completed", _message(SAID))}


def _response(model: str, status: str, *output: Json) -> Json:
    return {
        "id": ANSWER_ID,
        "object": "response",
        "created_at": 1_780_000_000,
        "status": status,
        "model": model,
        "output": list(output),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": _USAGE if output else None,
    }


def _message(text: str) -> Json:
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [_text(text)]}


def _text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
