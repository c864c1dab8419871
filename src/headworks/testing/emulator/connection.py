"""HTTP/1.1 as an emulated provider speaks it: keep-alive, pipelining one answer after the other, `Expect: 100-continue`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import cast
from urllib.parse import unquote

import httptools

from headworks.testing.emulator.counts import Counts
from headworks.testing.emulator.player import Player
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import End, Score

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client's connection. Made by the server per accept."""

    def __init__(self, respond: Callable[[Request], Score], counts: Counts) -> None:
        """`respond` is the door's: it picks the provider and asks it."""
        self._respond = respond
        self._counts = counts
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Request] = deque()
        self._player: Player | None = None
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self._counts.live.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Asyncio's: the peer has gone, so nothing more is generated for it."""
        if self._transport is not None:
            self._counts.live.discard(self._transport)
            self._transport = None
        self._waiting.clear()
        if self._player is not None:
            self._player.abandon()

    def pause_writing(self) -> None:
        """Asyncio's."""
        if self._player is not None:
            self._player.pause()

    def resume_writing(self) -> None:
        """Asyncio's."""
        if self._player is not None:
            self._player.resume()

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.write(_BAD)
                self._transport.close()
            return
        self._next()

    def on_message_begin(self) -> None:
        """The parser's."""
        self._url, self._headers, self._body = b"", {}, []

    def on_url(self, url: bytes) -> None:
        """The parser's."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The parser's."""
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The parser's."""
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            path=unquote(self._url.partition(b"?")[0].decode("latin-1")),
            headers=self._headers,
            body=b"".join(self._body),
            keep_alive=self._parser.should_keep_alive(),
        )
        self._waiting.append(request)

    def _next(self) -> None:
        if self._transport is None or self._player is not None or not self._waiting:
            return
        request = self._waiting.popleft()
        score = self._respond(request)
        if request.method == "HEAD":
            score.beats = islice(score.beats, 1)
        if not request.keep_alive and score.end is End.DONE:
            score.end = End.CLOSE
        self._player = Player(score, self._transport, self._counts, self._over)
        self._player.play()

    def _over(self) -> None:
        self._player = None
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
