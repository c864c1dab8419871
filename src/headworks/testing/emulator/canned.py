"""The bench mode: one prebuilt answer for everything, at the price of parsing HTTP.

It takes no troubles and checks nothing, but counts. A request is a stream if its body says `"stream":true`, and is answered in Anthropic's
language where it asks for messages, else in OpenAI's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

import httptools

from headworks.testing.emulator.counts import Counts
from headworks.testing.emulator.personality import Wire
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import Score
from headworks.testing.emulator.tin import MODEL, PROMPT_TOKENS, Tin

Tins = Mapping[Wire, Tin]

_MESSAGES = b"/messages"


class CannedConnection(asyncio.Protocol):
    """One client's connection to a bench-mode provider."""

    __slots__ = ("_body", "_counts", "_left", "_loop", "_parser", "_respond", "_timer", "_tin", "_tins", "_transport", "_url")

    def __init__(self, tins: Tins, counts: Counts, respond: Callable[[Request], Score]) -> None:
        """`respond` answers what is asked of the admin endpoint."""
        self._tins = tins
        self._tin = tins[Wire.OPENAI]
        self._counts = counts
        self._respond = respond
        self._parser = httptools.HttpRequestParser(self)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._body = self._url = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self._counts.live.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Asyncio's."""
        if self._transport is not None:
            self._counts.live.discard(self._transport)
            self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._counts.tally(MODEL, PROMPT_TOKENS, self._tin.chunks - self._left, whole=False)

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.close()

    def on_message_begin(self) -> None:
        """The parser's."""
        self._body = b""

    def on_url(self, url: bytes) -> None:
        """The parser's."""
        self._url = url
        self._tin = self._tins[Wire.ANTHROPIC if _MESSAGES in url else Wire.OPENAI]

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._body += body

    def on_message_complete(self) -> None:
        """The parser's."""
        if self._transport is None:
            return
        self._counts.begun += 1
        body = self._body
        if b'"stream":true' in body or b'"stream": true' in body:
            self._left = self._tin.chunks
            self._transport.write(self._tin.opening)
            self._tick()
        elif self._url.startswith(b"/_emulator"):
            self._ask_admin()
        else:
            self._transport.write(self._tin.whole)
            self._close_unless_kept()
            self._counts.tally(MODEL, PROMPT_TOKENS, self._tin.tokens, whole=True)

    def _close_unless_kept(self) -> None:
        if self._transport is not None and not self._parser.should_keep_alive():
            self._transport.close()

    def _ask_admin(self) -> None:
        self._counts.begun -= 1
        method, path = self._parser.get_method().decode(), self._url.decode()
        score = self._respond(Request(method=method, path=path, headers={}, body=self._body))
        if self._transport is not None:
            self._transport.writelines([beat.data for beat in score.beats])

    def _tick(self) -> None:
        self._timer = None
        if self._transport is None:
            return
        tin = self._tin
        while self._left:
            self._left -= 1
            self._transport.write(tin.content())
            if tin.interval:
                self._timer = self._loop.call_later(tin.interval, self._tick)
                return
        self._transport.write(tin.closing)
        self._close_unless_kept()
        self._counts.tally(MODEL, PROMPT_TOKENS, tin.chunks, whole=True)
