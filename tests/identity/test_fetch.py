"""Reading an issuer's documents: one plain answer of a bounded size, from where it was asked, or none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from headworks.wiring.fetch import fetch


class Issuer(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        status = {"/moved": 302, "/gone": 404}.get(self.path, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/keys")
        self.end_headers()
        self.wfile.write(b"x" * 1_048_577 if self.path == "/endless" else b'{"keys": []}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Issuer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_plain_answer_is_read(base: str) -> None:
    assert asyncio.run(fetch(f"{base}/keys")) == b'{"keys": []}'


@pytest.mark.parametrize("path", ["/moved", "/gone", "/endless"])
def test_redirects_errors_and_endless_answers_are_no_answer(base: str, path: str) -> None:
    """A redirect could lead to whatever this machine can reach."""
    with pytest.raises(OSError, match=r"\w"):
        asyncio.run(fetch(base + path))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[", "http://127.0.0.1:1/"])
def test_nothing_but_the_web_is_asked(url: str) -> None:
    with pytest.raises(OSError, match=r"\w"):
        asyncio.run(fetch(url))
