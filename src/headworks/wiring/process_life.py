"""The life of a process that a supervisor started: its arguments, its sockets, the signals that it obeys, the word that it is ready."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from headworks.wiring.process_child import READY
from headworks.wiring.voice import say


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor's command line says. `lifeline` and `ready` are pipes; −1 where the process was started by hand."""

    journal: Path
    config: str | None = None
    sockets: tuple[int, ...] = ()
    lifeline: int = -1
    ready: int = -1


class Life:
    """Handed to the process's body: the doors it serves, and what it is told from outside."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.sockets = [socket.socket(fileno=number) for number in orders.sockets]
        self.stop = asyncio.Event()
        """Finish what is in hand, then return."""
        self.reload = asyncio.Event()
        """Read the configuration again; whoever does clears it."""

    def ready(self) -> None:
        """Tell the supervisor that we can serve."""
        if self.orders.ready >= 0:
            os.write(self.orders.ready, READY)
            os.close(self.orders.ready)


def read_orders(arguments: Sequence[str]) -> Orders:
    """The arguments that every process under the supervisor understands."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--config")
    parser.add_argument("--sockets", type=_numbers, default=())
    parser.add_argument("--lifeline", type=int, default=-1)
    parser.add_argument("--ready", type=int, default=-1)
    return Orders(**vars(parser.parse_args(arguments)))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


async def live(orders: Orders, body: Callable[[Life], Awaitable[None]]) -> None:
    """Run `body` until it returns. SIGTERM, or the supervisor's end, asks it to finish what is in hand; SIGINT cancels it."""
    life = Life(orders)
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(body(life))

    def on_hurry() -> None:
        life.stop.set()
        task.cancel()

    def on_orphaned() -> None:
        loop.remove_reader(orders.lifeline)
        life.stop.set()
        say("the supervisor is gone; finishing what is in hand")

    loop.add_signal_handler(signal.SIGTERM, life.stop.set)
    loop.add_signal_handler(signal.SIGINT, on_hurry)
    loop.add_signal_handler(signal.SIGHUP, life.reload.set)
    if orders.lifeline >= 0:
        loop.add_reader(orders.lifeline, on_orphaned)
    try:
        await task
    except asyncio.CancelledError:
        if not life.stop.is_set():
            raise
    finally:
        if orders.lifeline >= 0:
            loop.remove_reader(orders.lifeline)
