"""The prebuilt answers of the bench mode: one whole and one streamed in each wire language."""

from __future__ import annotations

import time

import msgspec

from headworks.testing.chance import seeded
from headworks.testing.emulator.personality import Canned, Wire
from headworks.testing.emulator.prose import Writer
from headworks.testing.emulator.question import JsonObject
from headworks.testing.emulator.score import LAST_CHUNK, chunk
from headworks.testing.emulator.tokens import pieces_of

MODEL = "canned"
PROMPT_TOKENS = 600
_CREATED = 1_767_225_600
_MARK = "@"
"""Stands in a piece where its time will."""
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
_encode = msgspec.json.Encoder().encode


class Tin:
    """Everything prebuilt in one language. Made once per provider."""

    def __init__(self, canned: Canned, wire: Wire) -> None:
        text = Writer(seeded(0), "a canal, its headworks and the water they let in").answer(canned.answer_bytes)
        text = text[: canned.answer_bytes]
        self.tokens = len(pieces_of(text))
        self.chunks = canned.chunks
        self.interval = canned.interval
        whole, stream = (_openai, _openai_stream) if wire is Wire.OPENAI else (_anthropic, _anthropic_stream)
        body = _encode(whole(text, self.tokens))
        self.whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        opening, piece, closing = stream(canned.chunks)
        self._before, self._after = piece.split(_MARK.encode())
        self._size = b"%x\r\n" % (len(self._before) + len(self._after) + len(self._now()))
        self.opening = _STREAM_HEAD + b"".join(map(chunk, opening))
        self.closing = b"".join(map(chunk, closing)) + LAST_CHUNK

    def content(self) -> bytes:
        """One content chunk, marked with the time."""
        return b"%b%b%b%b\r\n" % (self._size, self._before, self._now(), self._after)

    def _now(self) -> bytes:
        return b" %020d" % time.monotonic_ns()


_Stream = tuple[list[bytes], bytes, list[bytes]]
"""The events before the content, one of the content, and those behind it."""

_HEAD: JsonObject = {
    "id": "chatcmpl-canned0000000000000000000",
    "created": _CREATED,
    "model": MODEL,
    "service_tier": "default",
}


def _openai(text: str, tokens: int) -> JsonObject:
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    usage = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": tokens,
        "total_tokens": PROMPT_TOKENS + tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": usage}


def _openai_stream(tokens: int) -> _Stream:
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens, "total_tokens": PROMPT_TOKENS + tokens}
    counted = {**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    return (
        [_delta({"role": "assistant", "content": ""})],
        _delta({"content": _MARK}),
        [_delta({}, "stop"), b"data: " + _encode(counted) + b"\n\n", b"data: [DONE]\n\n"],
    )


def _delta(delta: JsonObject, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return b"data: " + _encode({**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}) + b"\n\n"


def _anthropic(text: str, tokens: int) -> JsonObject:
    return {
        "id": "msg_canned000000000000000000",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": PROMPT_TOKENS,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": tokens,
            "service_tier": "standard",
        },
    }


def _anthropic_stream(tokens: int) -> _Stream:
    begun = {**_anthropic("", 1), "content": [], "stop_reason": None}
    return (
        [
            _said("message_start", message=begun),
            _said("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        ],
        _said("content_block_delta", index=0, delta={"type": "text_delta", "text": _MARK}),
        [
            _said("content_block_stop", index=0),
            _said("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": tokens}),
            _said("message_stop"),
        ],
    )


def _said(kind: str, **more: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **more}))
