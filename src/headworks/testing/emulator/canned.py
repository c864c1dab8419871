"""The bench mode: one prebuilt answer for everything, at the price of parsing HTTP.

It takes no troubles and checks nothing, but counts. A request is a stream if its body says `"stream":true`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

import httptools
import msgspec

from headworks.testing.chance import seeded
from headworks.testing.emulator.counts import Counts
from headworks.testing.emulator.personality import Canned
from headworks.testing.emulator.prose import Writer
from headworks.testing.emulator.question import JsonObject
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import LAST_CHUNK, Score, chunk
from headworks.testing.emulator.tokens import pieces_of

MODEL = "canned"
PROMPT_TOKENS = 600
_CREATED = 1_767_225_600
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
_encode = msgspec.json.Encoder().encode


class Tin:
    """Everything prebuilt. Made once per provider."""

    def __init__(self, canned: Canned) -> None:
        text = Writer(seeded(0), "a canal, its headworks and the water they let in").answer(canned.answer_bytes)
        text = text[: canned.answer_bytes]
        self.tokens = len(pieces_of(text))
        self.chunks = canned.chunks
        self.interval = canned.interval
        head: JsonObject = {
            "id": "chatcmpl-canned0000000000000000000",
            "created": _CREATED,
            "model": MODEL,
            "service_tier": "default",
        }
        body = _whole(head, text, self.tokens)
        self.whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        first, mark = _event(head, {"content": "@"}).split(b"@")
        self._before, self._after = first, mark
        self._size = b"%x\r\n" % (len(first) + len(mark) + len(self._now()))
        self.opening = _STREAM_HEAD + chunk(_event(head, {"role": "assistant", "content": ""}))
        usage = {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": canned.chunks,
            "total_tokens": PROMPT_TOKENS + canned.chunks,
        }
        last = {"object": "chat.completion.chunk", "choices": [], "usage": usage}
        self.closing = b"".join(
            (
                chunk(_event(head, {}, "stop")),
                chunk(b"data: " + _encode(head | last) + b"\n\n"),
                chunk(b"data: [DONE]\n\n"),
                LAST_CHUNK,
            )
        )

    def content(self) -> bytes:
        """One content chunk, marked with the time."""
        return b"%b%b%b%b\r\n" % (self._size, self._before, self._now(), self._after)

    def _now(self) -> bytes:
        return b" %020d" % time.monotonic_ns()


class CannedConnection(asyncio.Protocol):
    """One client's connection to a bench-mode provider."""

    __slots__ = ("_body", "_counts", "_left", "_loop", "_parser", "_respond", "_timer", "_tin", "_transport", "_url")

    def __init__(self, tin: Tin, counts: Counts, respond: Callable[[Request], Score]) -> None:
        """`respond` answers what is asked of the admin endpoint."""
        self._tin = tin
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


def _event(head: JsonObject, delta: JsonObject, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return b"data: " + _encode({**head, "object": "chat.completion.chunk", "choices": [choice]}) + b"\n\n"


def _whole(head: JsonObject, text: str, tokens: int) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    usage = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": tokens,
        "total_tokens": PROMPT_TOKENS + tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _encode({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
