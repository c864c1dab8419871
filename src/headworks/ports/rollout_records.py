"""Rollouts as they are recorded: changed by whoever has read their latest number, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from headworks.domain.position import Position
from headworks.domain.rollout.event import Event
from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.rollout import Rollout
from headworks.ports.records import Page


class Lease(msgspec.Struct, frozen=True):
    """That one holder alone does a job. The fence rises with every holder."""

    name: str
    holder: str
    fence: int


class Led(Protocol):
    """What a gateway asks."""

    async def positions(self) -> Mapping[str, Position]:
        """By model, of all rollouts that say who serves. Raises `OSError` where the database does not answer."""
        ...


class Rollouts(Led, Protocol):
    """What administration and the controller ask. Each change is one transaction with its event, its audit record and its entry in the
    change log.
    """

    async def start(self, rollout: Rollout, event: Event, *, audit: Mapping[str, str]) -> Rollout:
        """Raises `Conflict` where the model has one under way."""
        ...

    async def change(
        self, before: Rollout, after: Rollout, event: Event, *, audit: Mapping[str, str], lease: Lease | None = None
    ) -> Rollout:
        """Provided that it still is as `before`, and that `lease` is still held. Raises `Conflict`, `Missing`."""
        ...

    async def rollout(self, id: str) -> Rollout:  # noqa: A002 - the field's name
        """Raises `Missing`."""
        ...

    async def rollouts(self, page: Page, *, model: str = "") -> Sequence[Rollout]:
        """Newest first."""
        ...

    async def under_way(self) -> Sequence[Rollout]:
        """All that are not over."""
        ...

    async def events(self, id: str) -> Sequence[Event]:  # noqa: A002 - the field's name
        """Oldest first."""
        ...

    async def evidence(self, id: str) -> Evidence:  # noqa: A002 - the field's name
        """All that is known by now."""
        ...
