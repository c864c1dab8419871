"""Somebody who listens to webhooks, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


class Ear(BaseHTTPRequestHandler):
    """Hears posts; answers as the server says."""

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Listening)
        server.heard.append((self.headers, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(server.status)
        self.send_header("location", server.url)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Quietly."""


class Listening(HTTPServer):
    """A receiver on this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ear)
        self.heard: list[tuple[object, bytes]] = []
        self.status = 204
        self.url = f"http://127.0.0.1:{self.server_port}/hook?for=us"


@pytest.fixture
def listening() -> Iterator[Listening]:
    server = Listening()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
