"""The control process, once its sockets and settings are there: everything it does, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn
from starlette.applications import Starlette

from headworks import __version__
from headworks.control.admin.door import AdminDoor
from headworks.control.alerts import Alerts
from headworks.control.app import House, control_app
from headworks.control.bookmark import Bookmark
from headworks.control.feed import Feed, follow
from headworks.control.ledger import Ledger
from headworks.control.projection import Projection, deliver, deliver_once
from headworks.control.upkeep import Booked, keep_journal
from headworks.domain.snapshot import LogSettings
from headworks.exporters.logs import RequestLog, Stream
from headworks.exporters.prometheus import PrometheusExporter
from headworks.ports.clock import Clock
from headworks.ports.extension import Exporter
from headworks.stores.journal import Recoverer, Tail

Say = Callable[[str], None]
Prepare = Callable[[], Coroutine[None, None, None]]
_GRACE = 5
"""Seconds for open connections when it stops."""


class ControlPlan(NamedTuple):
    """What the control process works with. `output` takes the request log; `terminal` tells whether a person reads it."""

    journal: Path
    output: Stream
    terminal: bool = False
    logs: LogSettings = LogSettings()
    keep_days: float = 30.0
    ledger: Ledger | None = None
    """What books the journal; None: nobody does."""
    prepare: Prepare | None = None
    """Run once, and waited for before anything is asked of the database."""
    alerts: Alerts | None = None
    """What watches budgets."""
    admin: AdminDoor | None = None
    """The admin API; None: it is not served."""
    chores: Prepare | None = None
    """What else is done for the database, until cancelled."""


async def run_control(plan: ControlPlan, sockets: Sequence[socket.socket], clock: Clock, say: Say, stop: asyncio.Event) -> None:
    """Serve on `sockets`, which are bound and listening, until `stop` is set. Signals and the loop are the caller's; the sockets are closed.

    The journal's directory need not be there yet. Raises what breaks it: the process is better started anew.
    """
    log = RequestLog(plan.logs, plan.output, terminal=plan.terminal)
    metrics = PrometheusExporter(__version__)
    told = _projection("metrics", metrics, plan.journal, say)
    logged = _projection("logs", log, plan.journal, say)
    feed = Feed(plan.journal, (told, logged) if plan.ledger is None else (told, logged, plan.ledger))
    routes = plan.admin.routes if plan.admin is not None else ()
    preparing = asyncio.create_task((plan.prepare or _nothing)())
    server = _Server(_settings_of(control_app(House(plan.journal, metrics, (told, logged), clock, plan.ledger), routes)))
    tasks = [
        asyncio.create_task(follow(feed, clock)),
        asyncio.create_task(deliver(logged, log.flush, clock)),
        asyncio.create_task(keep_journal(plan.journal, plan.keep_days, Recoverer("control", clock, say), _booked(plan.ledger))),
    ]
    if plan.ledger is not None:
        tasks.append(asyncio.create_task(_prepared(preparing, plan.ledger.run(clock))))
    if plan.alerts is not None:
        tasks.append(asyncio.create_task(_prepared(preparing, plan.alerts.run())))
    if plan.chores is not None:
        tasks.append(asyncio.create_task(_prepared(preparing, plan.chores())))
    if plan.admin is not None:
        tasks.append(asyncio.create_task(plan.admin.run(lambda: _done(preparing))))
    serving = asyncio.create_task(server.serve(list(sockets)))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*tasks, serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        await serving
        await _cancelled([*tasks, stopping, preparing])
        await _last_lines(Feed(plan.journal, (logged,)), logged, log.flush)


async def _nothing() -> None:
    """There is nothing to prepare."""


async def _done(preparing: asyncio.Task[None]) -> None:
    """Several wait for it: none of them ends it by leaving."""
    await asyncio.shield(preparing)


async def _prepared(preparing: asyncio.Task[None], work: Coroutine[None, None, None]) -> None:
    try:
        await _done(preparing)
        await work
    finally:
        work.close()  # where it never began


def _booked(ledger: Ledger | None) -> Booked | None:
    return ledger.booked if ledger is not None else None


def _projection(name: str, exporter: Exporter, journal: Path, say: Say) -> Projection:
    bookmark = Bookmark(journal, name, say)
    return Projection(name, exporter, Tail(journal, say, bookmark.load()), bookmark, say)


async def _cancelled(tasks: Sequence[asyncio.Task[object]]) -> None:
    """End these, and raise what one of them had failed with."""
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


async def _last_lines(feed: Feed, logged: Projection, flush: Callable[[], None]) -> None:
    """The gateway has left by now: log what it wrote last."""
    more = True
    while more:
        more = feed.step(0.0)
        await deliver_once(logged, flush)


def _settings_of(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whose forwarded addresses are believed is the admin API's to say
        lifespan="off",
        timeout_graceful_shutdown=_GRACE,
    )


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: those of the process are its launcher's."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
