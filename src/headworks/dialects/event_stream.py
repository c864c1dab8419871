"""AWS's event streams without IO: bytes in any cuts → messages. Knows nothing of what the messages mean.

A message is a prelude (its length, that of its headers, and their checksum), headers, a payload and a checksum of all. Source: the AWS
SDKs' documentation, «application/vnd.amazon.eventstream».
"""

from __future__ import annotations

import struct
from functools import lru_cache
from zlib import crc32

import msgspec

from headworks.dialects.sse import MAX_EVENT_BYTES
from headworks.domain.errors import Fault

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
_AROUND = _PRELUDE.size + _CHECKSUM.size
_STRING, _BYTES = 7, 6
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Header type → bytes of its value. Strings and bytes tell their own length."""

Headers = dict[str, str]


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message. `headers` holds those of text; it is shared between messages, and not to be changed."""

    headers: Headers
    payload: bytes

    @property
    def event(self) -> str:
        """What kind of event it is; empty where it says that the stream has failed."""
        return self.headers.get(":event-type", "")

    @property
    def trouble(self) -> str:
        """The name of the exception that it tells of; empty where it is an event."""
        headers = self.headers
        return headers.get(":exception-type") or headers.get(":error-code") or ("" if ":event-type" in headers else "unknown")


class MessageReader:
    """Reads one stream. Holds at most `max_bytes` (and one read) of a message that is not complete yet."""

    __slots__ = ("_held", "_max", "_pieces", "_wanted")

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_bytes
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = _PRELUDE.size

    @property
    def torn(self) -> bool:
        """Whether a message has begun and is not complete."""
        return self._held > 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages complete by now. Raises `Fault` `upstream_garbage`, `upstream_too_large`."""
        if self._pieces:
            self._pieces.append(data)
            if self._held + len(data) < self._wanted:
                self._held += len(data)
                return []
            data = b"".join(self._pieces)
            self._pieces.clear()
        messages: list[Message] = []
        at, end = 0, len(data)
        self._wanted = _PRELUDE.size
        while end - at >= _PRELUDE.size:
            total, size = self._measure(data, at)
            if end - at < total:
                self._wanted = total
                break
            messages.append(_message(data[at : at + total], size))
            at += total
        self._held = end - at
        if at < end:
            self._pieces.append(data[at:])
        return messages

    def _measure(self, data: bytes, at: int) -> tuple[int, int]:
        """Bytes of the message that begins here, and of its headers. Checked before anything is waited for."""
        total, size, checksum = _PRELUDE.unpack_from(data, at)
        if crc32(data[at : at + _PRELUDE.size - _CHECKSUM.size]) != checksum or total < size + _AROUND:
            raise _garbage("a message's prelude is damaged")
        if total > self._max:
            raise Fault("upstream_too_large", f"The upstream sent a stream event of more than {self._max} bytes.")
        return total, size


def _message(data: bytes, size: int) -> Message:
    end = len(data) - _CHECKSUM.size
    if crc32(memoryview(data)[:end]) != _CHECKSUM.unpack_from(data, end)[0]:
        raise _garbage("a message's checksum is wrong")
    start = _PRELUDE.size + size
    return Message(_headers(data[_PRELUDE.size : start]), data[start:end])


@lru_cache(maxsize=64)
def _headers(block: bytes) -> Headers:
    """The headers of text. A stream's messages have but a few different blocks."""
    headers: Headers = {}
    at = 0
    try:
        while at < len(block):
            name = block[at + 1 : at + 1 + block[at]].decode()
            at += 1 + block[at]
            kind = block[at]
            at += 1
            if kind in (_STRING, _BYTES):
                size: int = _LENGTH.unpack_from(block, at)[0]
                at += _LENGTH.size
                if kind == _STRING:
                    headers[name] = block[at : at + size].decode()
            else:
                size = _SIZES[kind]
            at += size
    except (IndexError, KeyError, ValueError, struct.error):
        raise _garbage("a message's headers are damaged") from None
    if at != len(block):
        raise _garbage("a message's headers are damaged")
    return headers


def _garbage(what: str) -> Fault:
    return Fault("upstream_garbage", f"The upstream's event stream cannot be read: {what}.")
