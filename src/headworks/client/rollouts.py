"""Rollouts of model versions."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.rollouts import (
    FreezeAsked,
    RolloutAsked,
    RolloutDetail,
    RolloutListing,
    RolloutView,
    Wished,
)

_PATH = "/rollouts"


class Rollouts:
    """What moves one by hand takes the number that was read; None moves it wherever it is."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, *, model: str | None = None) -> Iterator[RolloutView]:
        """All of them, newest first."""
        return self._wire.pages(_PATH, RolloutListing, model=model)

    def read(self, id: str) -> RolloutDetail:  # noqa: A002 - the field's name
        """With what is known, and what has happened."""
        return self._wire.ask(Request(method="GET", path=f"{_PATH}/{id}"), RolloutDetail)

    def start(self, asked: RolloutAsked, *, idempotency_key: str | None = None) -> RolloutView:
        """Begin one."""
        request = Request(method="POST", path=_PATH, body=asked, idempotency_key=idempotency_key)
        return self._wire.ask(request, RolloutView)

    def promote(self, id: str, wished: Wished, *, number: int | None, idempotency_key: str | None = None) -> RolloutView:  # noqa: A002 - the field's name
        """To everybody."""
        return self._move(f"{id}/promote", wished, number, idempotency_key)

    def pause(self, id: str, wished: Wished, *, number: int | None, idempotency_key: str | None = None) -> RolloutView:  # noqa: A002 - the field's name
        """Stay."""
        return self._move(f"{id}/pause", wished, number, idempotency_key)

    def resume(self, id: str, wished: Wished, *, number: int | None, idempotency_key: str | None = None) -> RolloutView:  # noqa: A002 - the field's name
        """Go on."""
        return self._move(f"{id}/resume", wished, number, idempotency_key)

    def rollback(self, id: str, wished: Wished, *, number: int | None, idempotency_key: str | None = None) -> RolloutView:  # noqa: A002 - the field's name
        """Back."""
        return self._move(f"{id}/rollback", wished, number, idempotency_key)

    def freeze(self, id: str, asked: FreezeAsked, *, number: int | None, idempotency_key: str | None = None) -> RolloutView:  # noqa: A002 - the field's name
        """Or thaw."""
        return self._move(f"{id}/freeze", asked, number, idempotency_key)

    def _move(self, place: str, asked: Wished | FreezeAsked, number: int | None, idempotency_key: str | None) -> RolloutView:
        request = Request(
            method="POST", path=f"{_PATH}/{place}", body=asked, version=number, locks=True, idempotency_key=idempotency_key
        )
        return self._wire.ask(request, RolloutView)
