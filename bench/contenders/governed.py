"""Headworks with all of governance at work on every request: a key of the database, a policy, five limits and two budgets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.contenders.contender import Running
from bench.contenders.headworks import KEYS, USED, Setup, document, scratch, serve
from bench.process import Failed
from bench.site import Site
from headworks.domain.limits import Calendar, Unit
from headworks.domain.records import Bounds, BudgetRule, KeyRecord, LimitRule, Party, PartyKind
from headworks.identity.keys import Digests, make_key, prefix_of
from headworks.identity.pepper import peppers_of
from headworks.stores.sql.address import default_url
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.migrations import upgrade
from headworks.stores.sql.records.intake import SqlIntake
from headworks.testing.valkey import Server, find_server
from headworks.wiring.clock import SystemClock
from headworks.wiring.seals import seals_of

TEAMS = 100
_AMPLE = 10**15
"""Of every unit: nothing is refused, and nano-dollars are a million."""
_POLICY = 'max_tokens > 4000 && model.startsWith("model-") && !(team == "team_0" && endpoint == "chat")'
_ORGANISATION = Party(
    id="org_bench",
    kind=PartyKind.ORGANISATION,
    name="bench",
    bounds=Bounds(
        models=("*",),
        limits={
            "requests": LimitRule(unit=Unit.REQUESTS, amount=_AMPLE, seconds=60),
            "tokens-a-day": LimitRule(unit=Unit.TOKENS, amount=_AMPLE, calendar=Calendar.DAY),
        },
        budgets={"monthly": BudgetRule(amount=_AMPLE, calendar=Calendar.MONTH)},
    ),
)
_OF_A_TEAM = Bounds(
    limits={
        "tokens": LimitRule(unit=Unit.TOKENS, amount=_AMPLE, seconds=60),
        "at-once": LimitRule(unit=Unit.CONCURRENT, amount=5_000),
    },
    budgets={"monthly": BudgetRule(amount=_AMPLE, calendar=Calendar.MONTH)},
)
_OF_A_KEY = Bounds(limits={"requests": LimitRule(unit=Unit.REQUESTS, amount=_AMPLE, seconds=60)})


def in_memory(site: Site) -> Running:
    """One gateway that counts by itself."""
    return _start(scratch(site), site, {})


def profiled(site: Site) -> Running:
    """With the gateway process under `bench.sampler`."""
    return _start(scratch(site), site, {}, gateway="bench.profiled_gateway")


def in_valkey(site: Site) -> Running:
    """Counters on a server of their own, as a fleet shares them. Every request waits for it: nothing passes unchecked."""
    program = find_server()
    if program is None:
        raise Failed("there is no server of shared counters: apt-get install redis-server")
    folder = scratch(site)
    server = Server(program, folder)
    server.start()
    try:
        running = _start(folder, site, {"cluster": {"url": server.url, "timeout_ms": 1000, "local_allowance": 0}})
    except BaseException:
        server.stop()
        raise
    running.also_stop = server.stop
    return running


def _start(folder: Path, site: Site, more: dict[str, Any], gateway: str = "") -> Running:
    keys = asyncio.run(keep_records(folder / "journal"))
    written = document(site, Setup(keys=0)) | {"policies": {"short-answers": {"when": _POLICY}}} | more
    return serve(folder, written, keys[:: KEYS // USED], gateway=gateway)


async def keep_records(journal: Path, keys: int = KEYS) -> Sequence[str]:
    """An organisation, its teams and their keys, in the database beside `journal`; the keys."""
    peppers = peppers_of(journal, os.environ, shared=False)
    digests, made = Digests(peppers), [make_key() for _ in range(keys)]
    teams = [
        Party(id=f"team_{number}", kind=PartyKind.TEAM, name=f"team-{number}", parent=_ORGANISATION.id, bounds=_OF_A_TEAM)
        for number in range(TEAMS)
    ]
    database = Database(default_url(journal))
    try:
        await upgrade(database)
        acts = Acts(database, SystemClock(), seals_of(os.environ, peppers)[0])
        records = [_record(number, key, digests) for number, key in enumerate(made)]
        await SqlIntake(acts, SystemClock()).take_in(
            [_ORGANISATION, *teams], records, audit={"actor": "bench", "operation": "import"}
        )
    finally:
        await database.close()
    return made


def _record(number: int, key: str, digests: Digests) -> KeyRecord:
    digest, pepper = digests.of_new(key)
    return KeyRecord(
        id=f"key_{number:032x}",
        owner=f"team_{number % TEAMS}",
        name=f"key {number}",
        prefix=prefix_of(key),
        digest=digest,
        pepper=pepper,
        bounds=_OF_A_KEY,
    )
