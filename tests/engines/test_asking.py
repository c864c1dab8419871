"""A page of metrics is asked for over real sockets: had whole, or given up."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from headworks.domain.errors import Fault
from headworks.domain.target import Origin
from headworks.transport import PooledUpstream
from headworks.wiring.clock import SystemClock
from headworks.wiring.engines.page import NoPage, ask
from tests.engines import pages


async def had(answer: bytes | None) -> bytes:
    """What comes of an engine that answers so to every question; None: never."""
    questions: list[bytes] = []
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        questions.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is not None:
            writer.write(answer)
        with suppress(OSError):
            await reader.read()  # until the gateway closes
            writer.close()
            await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    upstream = PooledUpstream(SystemClock())
    try:
        origin = Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1])
        page = await ask(upstream, origin, "/metrics", b"host: gpu\r\n")
        assert questions == [b"GET /metrics HTTP/1.1\r\nhost: gpu\r\n\r\n"]
        return page
    finally:
        await upstream.aclose()
        await left.wait()
        server.close()


def test_a_large_page_in_chunks_is_had_whole() -> None:
    body = pages.large_vllm()
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(piece), piece) for at in range(0, len(body), 1000) if (piece := body[at : at + 1000])
    )
    assert asyncio.run(had(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")) == body


def test_an_engine_that_never_answers_is_given_up() -> None:
    with pytest.raises(Fault) as given_up:
        asyncio.run(had(None))
    assert given_up.value.status == 504


def test_what_is_no_page_is_left_where_it_is() -> None:
    with pytest.raises(NoPage, match="status 401"):
        asyncio.run(had(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 1000000\r\n\r\n"))
    with pytest.raises(NoPage, match="longer than 4 MiB"):
        asyncio.run(had(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"x" * 5_000_000))
