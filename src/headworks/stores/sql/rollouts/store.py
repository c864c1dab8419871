"""Everything that `ports.rollout_records.Rollouts` asks of SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import insert, select, update

from headworks.domain.rollout.event import Event
from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.rollout import OVER, Rollout, State
from headworks.ports.records import Conflict, Missing, Page
from headworks.ports.rollout_records import Lease
from headworks.stores.sql.audit import Act, Acts
from headworks.stores.sql.columns import record_of
from headworks.stores.sql.engine import Database
from headworks.stores.sql.leases import is_held
from headworks.stores.sql.rollouts.evidence import begin_evidence, evidence_of, known, written
from headworks.stores.sql.rollouts.opinions import forget
from headworks.stores.sql.rollouts.positions import SqlPositions, readable
from headworks.stores.sql.schema import ROLLOUT_EVENTS, ROLLOUTS

_TABLE = ROLLOUTS.c
_UNDER_WAY = _TABLE.state.not_in([state.value for state in OVER])
_LEADING = _TABLE.state.not_in([State.DRAFT.value, State.ROLLED_BACK.value, State.ROLLING_BACK.value])


class SqlRollouts(SqlPositions):
    """Implements the port."""

    def __init__(self, database: Database, acts: Acts) -> None:
        super().__init__(database)
        self.database = database
        self._acts = acts

    async def start(self, rollout: Rollout, event: Event, *, audit: Mapping[str, str]) -> Rollout:
        """See the port. Acts follow one another, so that there are never two."""
        other = select(_TABLE.id, _TABLE.state).where(_TABLE.model == rollout.model, _UNDER_WAY)
        async with self._acts.begin(audit) as act:
            found = (await act.connection.execute(other)).first()
            if found is not None:
                raise Conflict(
                    f"The model '{rollout.model}' has a rollout under way: {found.id}, {found.state}. Promote it or roll it back first."
                )
            await act.connection.execute(insert(ROLLOUTS), _row(rollout))
            await begin_evidence(act.connection, rollout.id, act.at)
            await _note(act, rollout, event)
        return rollout

    async def change(
        self, before: Rollout, after: Rollout, event: Event, *, audit: Mapping[str, str], lease: Lease | None = None
    ) -> Rollout:
        """See the port."""
        same = _TABLE.id == before.id, _TABLE.number == before.number
        async with self._acts.begin(audit) as act:
            if lease is not None and not await is_held(act.connection, lease, act.at):
                raise Conflict(f"The lease {lease.name} is somebody else's by now.")
            if before.state in OVER:
                await _refuse_where_another_leads(act, before)
            changed = await act.connection.execute(update(ROLLOUTS).where(*same).values(_row(after)))
            if changed.rowcount != 1:
                raise Conflict(f"{before.id} was changed by somebody else meanwhile. Read it again, then try.")
            if after.state in OVER:
                await forget(act.connection, after.id)
            await _note(act, after, event)
        return after

    async def rollout(self, id: str) -> Rollout:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.reading() as connection:
            record = (await connection.execute(select(_TABLE.record).where(_TABLE.id == id))).scalar()
        if record is None:
            raise Missing(f"There is no rollout {id}.")
        rollout = readable(record)
        if rollout is None:
            raise Conflict(f"{id} was written by another version of Headworks. Ask one of that version.")
        return rollout

    async def rollouts(self, page: Page, *, model: str = "") -> Sequence[Rollout]:
        """See the port."""
        wanted = select(_TABLE.record).order_by(_TABLE.id.desc()).limit(page.size)
        if page.after:
            wanted = wanted.where(_TABLE.id < page.after)
        if model:
            wanted = wanted.where(_TABLE.model == model)
        async with self.database.reading() as connection:
            found = [readable(record) for record in (await connection.execute(wanted)).scalars()]
        return [each for each in found if each is not None]

    async def under_way(self) -> Sequence[Rollout]:
        """See the port."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(_TABLE.record).where(_UNDER_WAY).order_by(_TABLE.id))
            return [each for each in map(readable, found.scalars()) if each is not None]

    async def events(self, id: str) -> Sequence[Event]:  # noqa: A002 - the field's name
        """See the port."""
        wanted = select(ROLLOUT_EVENTS).where(ROLLOUT_EVENTS.c.rollout == id).order_by(ROLLOUT_EVENTS.c.number)
        async with self.database.reading() as connection:
            found = (await connection.execute(wanted)).mappings()
            return [record_of(Event, row, evidence=evidence_of(row["evidence"])) for row in found]

    async def evidence(self, id: str) -> Evidence:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.reading() as connection:
            return await known(connection, id)


async def _refuse_where_another_leads(act: Act, rollout: Rollout) -> None:
    """What is over is taken up again only as long as nothing came after it: else two would lead one model."""
    later = select(_TABLE.id, _TABLE.state).where(_TABLE.model == rollout.model, _TABLE.id > rollout.id, _LEADING)
    found = (await act.connection.execute(later.order_by(_TABLE.id.desc()))).first()
    if found is not None:
        raise Conflict(f"{found.id} came after it, and is {found.state}. Roll that one back first.")


def _row(rollout: Rollout) -> dict[str, str | int]:
    record = msgspec.json.encode(rollout).decode()
    return {
        "id": rollout.id,
        "model": rollout.model,
        "state": rollout.state.value,
        "number": rollout.number,
        "record": record,
    }


async def _note(act: Act, rollout: Rollout, event: Event) -> None:
    made = replace(event, rollout=rollout.id, number=rollout.number, at=act.at)
    await act.connection.execute(insert(ROLLOUT_EVENTS), asdict(made) | {"evidence": written(made.evidence)})
    act.about(
        "", entity="rollout", id=rollout.id, model=rollout.model, before=made.before, after=made.after, reason=made.reason
    )
    act.changed("rollout", rollout.id)
