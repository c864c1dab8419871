"""A bare HTTP client: what came, byte for byte, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

DEADLINE = 30.0


@dataclass
class Heard:
    """All bytes of an answer. `ending` is `closed`, `reset` or `silence`."""

    raw: bytes
    ending: str
    pieces: int

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def request(path: str, content: object, *headers: str, host: str = "emulator") -> bytes:
    body = msgspec.json.encode(content)
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {host}",
        "authorization: Bearer any",
        f"content-length: {len(body)}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def chat(text: str, *headers: str, stream: bool = False, path: str = "/v1/chat/completions") -> bytes:
    content = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}
    return request(path, content, "connection: close", *headers)


async def talk(
    url: str, data: bytes, *, trust: ssl.SSLContext | None = None, patience: float = DEADLINE, enough: int | None = None
) -> Heard:
    """Send bytes, hear everything until the other side ends it, says nothing for `patience` seconds, or has said `enough` bytes."""
    place = urlsplit(url)
    assert place.port is not None
    reader, writer = await asyncio.open_connection(place.hostname, place.port, ssl=trust)
    heard, ending, pieces = b"", "closed", 0
    try:
        writer.write(data)
        while True:
            async with asyncio.timeout(patience):
                piece = await reader.read(65_536)
            if not piece:
                break
            heard += piece
            pieces += 1
            if enough is not None and len(heard) >= enough:
                break
    except ConnectionResetError:
        ending = "reset"
    except TimeoutError:
        ending = "silence"
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
    return Heard(heard, ending, pieces)
