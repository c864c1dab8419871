"""What the control port serves: metrics, health, and a page that says how things are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from headworks import __version__
from headworks.control.admin.app import answer_failure
from headworks.control.gauges import Census, ask_gateways
from headworks.control.ledger import Ledger
from headworks.control.projection import Projection
from headworks.exporters.prometheus import CONTENT_TYPE, Books, Lag, PrometheusExporter, State
from headworks.ports.clock import Clock


class House(NamedTuple):
    """What the pages look at. `projections` starts with the one that feeds `metrics`."""

    directory: Path
    metrics: PrometheusExporter
    projections: Sequence[Projection]
    clock: Clock
    ledger: Ledger | None = None

    def lags(self) -> list[Lag]:
        """How far each projection is behind, the ledger among them."""
        now = self.clock.now()
        lags = [Lag(each.name, *each.lag(now), each.failures) for each in self.projections]
        if self.ledger is not None:
            lags.append(Lag("ledger", *self.ledger.lag(now), self.ledger.unbookable))
        return lags

    def books(self) -> Books | None:
        """Whether the ledger gets on."""
        return Books(len(self.ledger.stopped), self.ledger.failures) if self.ledger is not None else None


def control_app(house: House, admin: Sequence[BaseRoute] = ()) -> Starlette:
    """The control port's application. `admin`: what the admin API adds."""

    async def metrics(_request: Request) -> Response:
        return Response(await _scrape(house), media_type=CONTENT_TYPE)

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        census = await ask_gateways(house.directory)
        ready = any(gateway.ready for gateway in census.gateways)
        return JSONResponse(_status(house, census) | {"ready": ready}, status_code=200 if ready else 503)

    async def status(request: Request) -> Response:
        facts = _status(house, await ask_gateways(house.directory))
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_page(facts))
        return JSONResponse(facts)

    return Starlette(
        routes=[
            Route("/", status),
            Route("/metrics", metrics),
            Route("/livez", livez),
            Route("/readyz", readyz),
            *admin,
        ],
        exception_handlers={Exception: answer_failure},
    )


async def _scrape(house: House) -> bytes:
    """The metrics, and a bookmark behind what is in them: a next life of this process counts exactly the exchanges no scrape has shown."""
    census = await ask_gateways(house.directory)
    projection = house.projections[0]
    async with projection.lock:
        skipped = max(each.skipped for each in house.projections)
        state = State(census.gateways, census.silent, house.lags(), skipped, house.books())
        page = await asyncio.to_thread(house.metrics.render, state)
        await asyncio.to_thread(projection.save)
    return page


def _status(house: House, census: Census) -> dict[str, object]:
    return {
        "version": __version__,
        "gateways": [
            {
                "process": gateway.process,
                "pid": gateway.pid,
                "ready": gateway.ready,
                "draining": gateway.draining,
                "revision": gateway.revision,
                "config_revision": gateway.config_revision,
                "config_rejected": gateway.config_rejected,
                "inflight": gateway.inflight,
                "connections": gateway.connections,
                "targets_down": sorted(target for target, health in gateway.health.items() if not health),
                "journal_unwritable": gateway.journal.unwritable,
            }
            for gateway in census.gateways
        ],
        "silent_gateways": census.silent,
        "projections": {
            lag.projection: {"behind_bytes": lag.bytes, "behind_seconds": round(lag.seconds, 3)} for lag in house.lags()
        },
    } | _ledger(house.ledger)


def _ledger(ledger: Ledger | None) -> dict[str, object]:
    """Whether the ledger gets on: what it cannot read, and how often in a row the database did not take a batch."""
    return {"ledger": {"stopped": ledger.stopped, "failures": ledger.failures}} if ledger is not None else {}


def _page(facts: dict[str, object]) -> str:
    rows = "".join(f"<tr><th>{escape(str(name))}<td>{_cell(value)}" for name, value in facts.items())
    return f"""<!doctype html>
<meta charset="utf-8"><title>Headworks</title>
<style>body{{font:15px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}
th{{text-align:left;vertical-align:top;padding-right:1.5rem;font-weight:600}}td{{vertical-align:top}}</style>
<h1>Headworks</h1><table>{rows}</table>
<p><a href="/metrics">metrics</a> · <a href="/readyz">readiness</a></p>
"""


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return (
            "<table>" + "".join(f"<tr><th>{escape(str(name))}<td>{_cell(inner)}" for name, inner in value.items()) + "</table>"
        )
    if isinstance(value, list):
        return "<br>".join(_cell(inner) for inner in value) or "none"
    return escape(str(value))
