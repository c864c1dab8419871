"""What exchanges have told of rollouts, advanced in the transaction that books these exchanges: once for each, whoever is killed."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.ledger import Sums
from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.outcomes import advanced
from headworks.domain.rollout.rollout import OVER
from headworks.stores.sql.rollouts.opinions import joined
from headworks.stores.sql.rollouts.positions import readable
from headworks.stores.sql.schema import ROLLOUT_EVIDENCE, ROLLOUTS

_TABLE = ROLLOUT_EVIDENCE.c


async def note_outcomes(connection: AsyncConnection, sums: Sums, now: int) -> None:
    """One block for each rollout that is not over. In the order of ids: two who write at once never wait in a ring."""
    told = await joined(connection, sums.outcomes, sums.answers, sums.opinions, now)
    for id_ in sorted({rollout for rollout, _ in told}):
        record = (await connection.execute(select(ROLLOUTS.c.record).where(ROLLOUTS.c.id == id_))).scalar()
        rollout = readable(record) if record is not None else None
        if rollout is None or rollout.state in OVER:
            continue  # what another version of this software has written is no reason to book nothing
        locked = select(_TABLE.evidence).where(_TABLE.rollout == id_).with_for_update()
        evidence = evidence_of((await connection.execute(locked)).scalar())
        row = written(advanced(rollout, evidence, told))
        await connection.execute(update(ROLLOUT_EVIDENCE).where(_TABLE.rollout == id_).values(evidence=row, updated_at=now))


async def begin_evidence(connection: AsyncConnection, rollout: str, now: int) -> None:
    """The row of a rollout, with nothing known."""
    row = {"rollout": rollout, "evidence": written(Evidence()), "updated_at": now}
    await connection.execute(insert(ROLLOUT_EVIDENCE), row)


async def known(connection: AsyncConnection, rollout: str) -> Evidence:
    """By now."""
    return evidence_of((await connection.execute(select(_TABLE.evidence).where(_TABLE.rollout == rollout))).scalar())


def evidence_of(text: str | None) -> Evidence:
    """Of its column."""
    return msgspec.json.decode(text, type=Evidence) if text else Evidence()


def written(evidence: Evidence) -> str:
    """As its column has it."""
    return msgspec.json.encode(evidence).decode()
