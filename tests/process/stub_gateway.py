"""A stand-in for the gateway and the control process: real sockets and signals, no journey.

`GET /` answers with this process's pid. `GET /slow` answers when `POST /go` has come to the same process. The file `mode` in the
journal directory tells how to behave at the start: crash, config, mute (never ready), deaf (does not leave when asked), stubborn (nor when hurried), or nothing special.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from headworks.wiring.process_life import Life, live, read_orders


class Stub:
    """Serves until told to stop, then until the last answer is out."""

    def __init__(self, life: Life, mode: str) -> None:
        self.life = life
        self.mode = mode
        self.go = asyncio.Event()
        self.busy = 0
        self.idle = asyncio.Event()
        self.reloads = 0
        self.lost = 0
        self.tasks: set[asyncio.Future[None]] = set()

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in self.life.sockets:
            os.set_blocking(sock.fileno(), False)
            loop.add_reader(sock, self.accept, sock)
        if self.mode != "mute":
            self.life.ready()
        watch = asyncio.ensure_future(self.count_reloads())
        await self.life.stop.wait()
        for sock in self.life.sockets:
            loop.remove_reader(sock)
        if self.mode == "deaf":
            await loop.create_future()
        while self.mode == "stubborn":
            with suppress(asyncio.CancelledError):
                await loop.create_future()
        while self.busy:
            self.idle.clear()
            await self.idle.wait()
        watch.cancel()

    def accept(self, sock: socket.socket) -> None:
        """What is accepted is answered: it counts as busy before anything can be awaited."""
        try:
            connection, _ = sock.accept()
        except BlockingIOError:
            return  # the other gateway was quicker
        self.busy += 1
        self.tasks.add(asyncio.ensure_future(self.answer(connection)))

    async def count_reloads(self) -> None:
        while True:
            await self.life.reload.wait()
            self.life.reload.clear()
            self.reloads += 1

    async def answer(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
            if path == b"/go":
                self.go.set()
            if path == b"/slow":
                await self.go.wait()
            body = f"{os.getpid()} {self.reloads}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            self.lost += 1
        finally:
            writer.close()
            self.busy -= 1
            self.idle.set()


def mode_of(directory: Path) -> str:
    try:
        return (directory / "mode").read_text()
    except FileNotFoundError:
        return ""


def main() -> int:
    orders = read_orders(sys.argv[1:])
    mode = mode_of(orders.journal)
    if mode in {"crash", "config"}:
        return 3 if mode == "crash" else 78
    asyncio.run(live(orders, lambda life: Stub(life, mode).serve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
