"""What gateways follow of rollouts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.position import Position
from headworks.domain.rollout.rollout import Rollout, State
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import ROLLOUTS

_SILENT = (State.DRAFT.value, State.ROLLED_BACK.value)
"""They say nothing of who serves: what was promoted before them does, or the configuration."""


class SqlPositions:
    """Implements `ports.rollout_records.Led`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Position] = {}
        """By rollout, as last read: what another version of this software writes meanwhile, this one goes on with as it was."""

    async def positions(self) -> Mapping[str, Position]:
        """See the port. Of each model the newest counts; what is being taken back says nothing where there is another."""
        wanted = select(ROLLOUTS.c.id, ROLLOUTS.c.record).where(ROLLOUTS.c.state.not_in(_SILENT)).order_by(ROLLOUTS.c.id)
        try:
            async with self._database.reading() as connection:
                rows = (await connection.execute(wanted)).all()
        except SQLAlchemyError as trouble:
            raise ConnectionError(type(trouble).__name__) from None  # its words hold the statement and its values
        known = self._known
        self._known = {}
        for id_, record in rows:
            rollout = readable(record)
            position = rollout.position if rollout is not None else known.get(id_)
            if position is not None:
                self._known[id_] = position
        leading: dict[str, Position] = {}
        for position in self._known.values():
            if position.state != State.ROLLING_BACK or position.model not in leading:
                leading[position.model] = position
        return leading


def readable(record: str) -> Rollout | None:
    """Of its column. None: another version of this software has written it, and moves it on."""
    try:
        return msgspec.json.decode(record, type=Rollout)
    except msgspec.ValidationError:
        return None
