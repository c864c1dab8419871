"""Opinions on answers that rollouts led: kept until both are known, and counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.rollout.opinions import SCORES, Answer, Opinion
from headworks.domain.rollout.outcomes import Outcomes, Told, watched
from headworks.domain.rollout.rollout import OVER
from headworks.stores.sql.rollouts.positions import readable
from headworks.stores.sql.schema import ROLLOUT_ANSWERS, ROLLOUT_OPINIONS, ROLLOUTS

KEPT = 7 * 86_400 * 10**9
"""Nanoseconds that an opinion waits for the answer that it is on."""
_MILLIONTHS = 10**6
_A, _O = ROLLOUT_ANSWERS.c, ROLLOUT_OPINIONS.c


async def joined(
    connection: AsyncConnection, told: Told, answers: Sequence[Answer], opinions: Sequence[Opinion], now: int
) -> Told:
    """What rollouts are told, with the opinions whose answers are known by now. Nothing is kept where no rollout asks for any."""
    if not (answers or opinions):
        return told
    asking = await _asking(connection)
    if not asking:
        return told
    rows = [{**answer._asdict(), "at": now} for answer in answers if answer.rollout in asking]
    await _add(connection, ROLLOUT_ANSWERS, rows)
    await _keep(connection, opinions, now)
    return _with(told, await _counted(connection))


async def forget(connection: AsyncConnection, rollout: str) -> None:
    """It is over: nothing that is said of its answers counts any more."""
    await connection.execute(delete(ROLLOUT_ANSWERS).where(_A.rollout == rollout))


async def _asking(connection: AsyncConnection) -> set[str]:
    """Ids of the rollouts under way that opinions say something to."""
    under_way = select(ROLLOUTS.c.record).where(ROLLOUTS.c.state.not_in([state.value for state in OVER]))
    found = map(readable, (await connection.execute(under_way)).scalars())
    return {each.id for each in found if each is not None and any(gate.of in SCORES for gate in watched(each))}


async def _keep(connection: AsyncConnection, opinions: Sequence[Opinion], now: int) -> None:
    """Of each tenant's on an answer the first one stays."""
    if opinions:
        await connection.execute(delete(ROLLOUT_OPINIONS).where(_O.at < now - KEPT))
    rows = [{**each._asdict(), "score": round(each.score * _MILLIONTHS), "at": now, "counted": False} for each in opinions]
    await _add(connection, ROLLOUT_OPINIONS, rows)


async def _add(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, str | int]]) -> None:
    """What is there already stays. In the order of their keys: two who add at once never wait for each other in a ring."""
    if rows:
        fresh = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
        keys = [column.name for column in table.primary_key]
        ordered = sorted(rows, key=lambda row: [row[key] for key in keys])
        await connection.execute(fresh(table).on_conflict_do_nothing(), ordered)


async def _counted(connection: AsyncConnection) -> list[tuple[tuple[str, str], str, float]]:
    """Rollout and version, gate, and score of those that count from now on. Of two who book at once one counts each: the other waits for its
    row, and then finds it counted.
    """
    both = (_O.exchange == _A.exchange) & (_O.tenant == _A.tenant)
    wanted = select(_A.rollout, _A.version, _O.gate, _O.score, _O.exchange, _O.tenant).where(both, _O.counted.is_(False))
    scores: list[tuple[tuple[str, str], str, float]] = []
    for row in (await connection.execute(wanted.order_by(_O.exchange, _O.tenant, _O.gate))).all():
        same = (_O.exchange == row.exchange) & (_O.tenant == row.tenant) & (_O.gate == row.gate) & _O.counted.is_(False)
        ours = await connection.execute(update(ROLLOUT_OPINIONS).where(same).values(counted=True))
        if ours.rowcount:
            scores.append(((row.rollout, row.version), row.gate, row.score / _MILLIONTHS))
    return scores


def _with(told: Told, scores: Sequence[tuple[tuple[str, str], str, float]]) -> Told:
    """The exchanges' own sums stay as they are: a batch that could not be booked is booked again."""
    more = dict(told)
    for place, gate, score in scores:
        found = more.get(place, Outcomes())
        more[place] = replace(found, means={**found.means, gate: [*found.means.get(gate, ()), score]})
    return more
