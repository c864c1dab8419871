"""A provider of conversations in real time, as small as can be: it answers text, calls a function when asked to, misbehaves on demand."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

Json = dict[str, Any]

USAGE: Json = {
    "total_tokens": 150,
    "input_tokens": 100,
    "output_tokens": 50,
    "input_token_details": {"text_tokens": 60, "audio_tokens": 40, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 20, "audio_tokens": 30},
}


class Talker:
    """`with Talker() as talker: talker.url`. `heard` are all events of clients, `asked` the heads of their requests.

    What an item's text says, it does: `hang up` (closes the connection without a word), `fall silent` (begins to answer and stops), `close`
    (says goodbye), `flood` (sends sound without end), `be deaf` (listens no more, until `healed`). A model `refuses` is refused with 401,
    `busy` with 503.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.heard: list[Json] = []
        self.flooded = 0
        """Bytes."""
        self.healed = threading.Event()
        self.asked: list[Request] = []
        self.ended: list[int] = []
        """Codes with which clients have left."""
        self._server: Server = serve(self._talk, "127.0.0.1", 0, process_request=self._received, max_size=None, ssl=context)
        self._scheme = "http" if context is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{self._scheme}://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None) -> None:
        self.healed.set()
        self._server.shutdown()
        self._thread.join()

    def _received(self, connection: ServerConnection, request: Request) -> Response | None:
        self.asked.append(request)
        if "refuses" in request.path:
            return _refusal(connection, HTTPStatus.UNAUTHORIZED, "invalid_api_key")
        if "busy" in request.path:
            return _refusal(connection, HTTPStatus.SERVICE_UNAVAILABLE, "overloaded")
        return None

    def _talk(self, connection: ServerConnection) -> None:
        model = connection.request.path.partition("model=")[2] if connection.request is not None else ""
        _send(connection, {"type": "session.created", "session": {"id": "sess_1", "model": model, "type": "realtime"}})
        said = ""
        try:
            for message in connection:
                event = json.loads(message)
                self.heard.append(event)
                said = _text(event) or said
                self._answer(connection, event, said)
        except ConnectionClosed:
            pass
        self.ended.append(connection.close_code or 0)

    def _answer(self, connection: ServerConnection, event: Json, said: str) -> None:
        match event["type"]:
            case "session.update":
                _send(connection, {"type": "session.updated", "session": event["session"]})
            case "conversation.item.create":
                _send(connection, {"type": "conversation.item.added", "item": event["item"]})
            case "response.create" if said == "be deaf":
                self.healed.wait()
            case "response.create" if said == "flood":
                self._flood(connection)
            case "response.create":
                _respond(connection, said)
            case _:
                _send(connection, {"type": "input_audio_buffer.committed"})

    def _flood(self, connection: ServerConnection) -> None:
        sound = {"type": "response.output_audio.delta", "response_id": "resp_1", "delta": "A" * 60_000}
        while not self.healed.is_set():
            _send(connection, sound)
            self.flooded += 60_000


def _respond(connection: ServerConnection, said: str) -> None:
    _send(connection, {"type": "response.created", "response": {"id": "resp_1"}})
    if said == "hang up":
        sock = connection.socket
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)
        return
    if said == "close":
        connection.close(1001, "going home")
        return
    for word in ("Well", " ", "said", "."):
        _send(connection, {"type": "response.output_text.delta", "response_id": "resp_1", "delta": word})
    if said == "fall silent":
        return
    _send(connection, {"type": "response.output_audio.delta", "response_id": "resp_1", "delta": "AAAA"})
    _send(connection, {"type": "response.done", "response": {"id": "resp_1", "status": "completed", "usage": USAGE}})


def _text(event: Json) -> str:
    for part in event.get("item", {}).get("content", ()):
        if "text" in part:
            return str(part["text"])
    return ""


def _send(connection: ServerConnection, event: Json) -> None:
    connection.send(json.dumps(event))


def _refusal(connection: ServerConnection, status: HTTPStatus, code: str) -> Response:
    response = connection.respond(status, json.dumps({"error": {"message": "no", "type": "t", "code": code}}))
    del response.headers["content-type"]
    response.headers["content-type"] = "application/json"
    return response
