"""Whose access is asked about: a key of the configuration, or one of the database with all levels above it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from headworks.domain.config import KeyRule
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds, ended
from headworks.identity.principals import Compiler
from headworks.journey.access import Level
from headworks.ports.records import Found
from headworks.stores.sql.engine import Database
from headworks.wiring.clock import SystemClock
from headworks.wiring.compile import Compiled
from headworks.wiring.process_exits import Exit


class Holder(msgspec.Struct, frozen=True):
    """The principal of a key or a token, and the levels that it was made of."""

    principal: Principal
    levels: tuple[Level, ...]
    trouble: str = ""
    """Why it opens nothing at all, as a sentence: expired, revoked."""


def configured(compiled: Compiled, name: str) -> Holder | None:
    """The key of that name in the document."""
    rule = compiled.config.keys.get(name)
    principal = next((one for one in compiled.snapshot.principals.values() if one.id == name), None)
    if rule is None or principal is None:
        return None
    return Holder(principal, (Level(f"key {name}", _bounds(rule)),))


def recorded(config: Path | None, name: str) -> list[Holder]:
    """The keys of the database that are called that. None where there is no database yet."""
    from headworks.cli.database import on_database  # noqa: PLC0415 - SQL takes a third of a second to import
    from headworks.stores.sql.records import SqlLookups  # noqa: PLC0415 - likewise
    from headworks.stores.sql.records.naming import keys_named  # noqa: PLC0415 - likewise

    clock = SystemClock()
    found: list[Found] = []

    async def work(database: Database) -> int:
        found.extend(await keys_named(database, SqlLookups(database, clock), name))
        return Exit.OK

    on_database(config, work)
    return [_holder(one, clock.wall_ns()) for one in found]


def _holder(found: Found, now: int) -> Holder:
    key = found.key
    principal = Compiler().principal_of(found)
    levels = (
        *(Level(f"{party.kind} {party.name}", party.bounds) for party in found.lineage),
        Level(f"key {key.name}", key.bounds),
    )
    over = ended(key, found.lineage, now)
    if principal is None:
        principal = Principal(id=key.id, name=key.name, levels=((),))
    return Holder(principal, levels, f"The key opens nothing. {over.detail}" if over is not None else "")


def _bounds(rule: KeyRule) -> Bounds:
    """A rule of the configuration as a level. What says nothing of models allows all of them there."""
    return Bounds(
        models=rule.models if rule.models is not None else ("*",),
        endpoints=rule.endpoints,
        features=rule.features,
        providers=rule.providers,
        regions=rule.regions,
        policies=rule.policies,
        guards=rule.guards,
        tags=rule.tags,
    )
