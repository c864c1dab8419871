"""Parcels of one process, bounded in bytes: the oldest goes first."""

from __future__ import annotations

from headworks.ports.clock import Clock
from headworks.stores.responses import Parcel

SHELF_BYTES = 67_108_864
_OVERHEAD = 300
"""Bytes a parcel costs beyond what is sealed in it."""


class MemoryShelf:
    """A `stores.responses.Shelf`."""

    def __init__(self, clock: Clock, max_bytes: int = SHELF_BYTES) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._size = 0
        self._parcels: dict[str, Parcel] = {}

    def put(self, parcel: Parcel) -> None:
        """See `Shelf.put`. One that is larger than the shelf is not kept."""
        self._take(parcel.id)
        self._parcels[parcel.id] = parcel
        self._size += len(parcel.sealed) + _OVERHEAD
        while self._size > self._max_bytes:
            self._take(next(iter(self._parcels)))

    async def get(self, id: str) -> bytes | None:  # noqa: A002 - the field's name
        """See `Shelf.get`."""
        parcel = self._parcels.get(id)
        if parcel is not None and parcel.until <= self._clock.wall_ns():
            self._take(id)
            return None
        return parcel.sealed if parcel is not None else None

    async def remove(self, id: str) -> bool:  # noqa: A002 - the field's name
        """See `Shelf.remove`."""
        return self._take(id)

    def _take(self, id_: str) -> bool:
        parcel = self._parcels.pop(id_, None)
        if parcel is not None:
            self._size -= len(parcel.sealed) + _OVERHEAD
        return parcel is not None

    def __repr__(self) -> str:
        return f"<MemoryShelf {len(self._parcels)} parcels · {self._size} bytes>"
