"""As much of an Ollama as its clients need: it answers what it was asked, and remembers that."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Json = dict[str, Any]

_HEAD: Json = {"model": "qwen3:8b", "created_at": "2026-11-20T10:00:00.5Z"}
_END: Json = {"done": True, "done_reason": "stop", "total_duration": 7, "prompt_eval_count": 11, "eval_count": 5}


class OllamaUpstream:
    """`with OllamaUpstream() as server: server.url`. `asked` are the path and the bytes of every request."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.asked))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(asked: list[tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Any endpoint."""
            raw = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.path, raw))
            body = json.loads(raw)
            if self.path == "/api/embed":
                texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
                self._say(200, {**_HEAD, "embeddings": [[0.5, 1.0] for _ in texts], "prompt_eval_count": 3})
            elif "boom" in str(body) and not body.get("stream"):
                self._say(400, {"error": "boom: no such thing"})
            elif "boom" in str(body):
                self._say(200, _answers(self.path, body)[0], {"error": "boom: it broke"})
            else:
                self._say(200, *_answers(self.path, body))

        def _say(self, status: int, *lines: Json) -> None:
            data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
            self.send_response(status)
            self.send_header("content-type", "application/x-ndjson" if len(lines) > 1 else "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    return Handler


def _answers(path: str, body: Json) -> list[Json]:
    """In lines where a stream was asked for. A tool is called once; JSON is said where it was asked for."""
    if path == "/api/generate":
        pieces: list[Json] = [{"response": "Hel"}, {"response": "lo"}]
        whole: Json = {"response": "Hello", "context": [1, 2, 3]}
        last: Json = {"response": "", "context": [1, 2, 3]}
    else:
        results = any(message["role"] == "tool" for message in body["messages"])
        said: Json = {"content": '{"city": "Oslo"}' if body.get("format") else "Hello"}
        if body.get("think"):
            said["thinking"] = "Well."
        if body.get("tools") and not results:
            said = {"content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Rome"}}}]}
        whole = {"message": {"role": "assistant", **said}}
        pieces = [{"message": {"role": "assistant", "content": "", name: value}} for name, value in said.items() if value]
        last = {"message": {"role": "assistant", "content": ""}}
    if not body.get("stream", True):
        return [{**_HEAD, **whole, **_END}]
    return [*({**_HEAD, **piece, "done": False} for piece in pieces), {**_HEAD, **last, **_END}]
