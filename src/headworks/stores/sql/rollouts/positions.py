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

    async def positions(self) -> Mapping[str, Position]:
        """See the port. Of each model the newest counts."""
        wanted = select(ROLLOUTS.c.record).where(ROLLOUTS.c.state.not_in(_SILENT)).order_by(ROLLOUTS.c.id)
        try:
            async with self._database.reading() as connection:
                records = (await connection.execute(wanted)).scalars().all()
        except SQLAlchemyError as trouble:
            raise ConnectionError(type(trouble).__name__) from None  # its words hold the statement and its values
        found = [rollout_of(record).position for record in records]
        return {position.model: position for position in found}


def rollout_of(record: str) -> Rollout:
    """Of its column."""
    return msgspec.json.decode(record, type=Rollout)
