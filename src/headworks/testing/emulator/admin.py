"""The emulator's own endpoint, `/_emulator/…`, on every port: what it counted, and what should go wrong from now on.

GET  /_emulator/counts                 everything counted so far
POST /_emulator/counts/reset           start again from nothing
GET  /_emulator/exchanges              the latest exchanges, one by one
GET  /_emulator/troubles               what is armed, by provider
POST /_emulator/troubles               {"provider": "alpha", "troubles": "error status=429 times=2; …"}; no provider: all of them
POST /_emulator/doors                  {"provider": "alpha", "open": false}: refuse connections there, or take them again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headworks.testing.emulator.counts import Counts, Fate, Sighting
from headworks.testing.emulator.provider import Provider
from headworks.testing.emulator.question import Rejection
from headworks.testing.emulator.request import Request
from headworks.testing.emulator.score import Beat, Score
from headworks.testing.emulator.trouble import parse

PLACE = "/_emulator"


class _Arming(msgspec.Struct, forbid_unknown_fields=True):
    provider: str = ""
    troubles: str = ""


class _Opening(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    open: bool


class Admin:
    """Answers for one emulator. `set_door` opens or closes the door of a provider."""

    def __init__(self, counts: Counts, providers: Mapping[str, Provider], set_door: Callable[[str, bool], None]) -> None:
        self._counts = counts
        self._providers = providers
        self._set_door = set_door
        self._places: dict[tuple[str, str], Callable[[bytes], object]] = {
            ("GET", "/counts"): lambda _: counts.report(),
            ("POST", "/counts/reset"): lambda _: counts.reset(),
            ("GET", "/exchanges"): lambda _: list(counts.sightings),
            ("GET", "/troubles"): lambda _: self._armed(),
            ("POST", "/troubles"): self._arm,
            ("POST", "/doors"): self._door,
        }

    def respond(self, request: Request) -> Score:
        """Answer, in plain JSON, without being counted."""
        place = self._places.get((request.method, request.path.removeprefix(PLACE)))
        if place is None:
            known = ", ".join(f"{method} {PLACE}{path}" for method, path in self._places)
            return _answer(404, {"error": f"nothing is there. Known: {known}"})
        try:
            return _answer(200, place(request.body))
        except (msgspec.DecodeError, ValueError, Rejection) as wrong:
            return _answer(400, {"error": str(wrong)})

    def _armed(self) -> dict[str, object]:
        return {name: list(provider.armed.troubles) for name, provider in self._providers.items()}

    def _arm(self, body: bytes) -> dict[str, object]:
        wanted = msgspec.json.decode(body, type=_Arming)
        troubles = parse(wanted.troubles)
        for provider in self._named(wanted.provider) if wanted.provider else self._providers.values():
            provider.armed.arm(troubles)
        return self._armed()

    def _door(self, body: bytes) -> dict[str, Any]:
        wanted = msgspec.json.decode(body, type=_Opening)
        self._named(wanted.provider)
        self._set_door(wanted.provider, wanted.open)
        return {"provider": wanted.provider, "open": wanted.open}

    def _named(self, name: str) -> list[Provider]:
        if name not in self._providers:
            raise ValueError(f"no provider is called {name!r}: there are {', '.join(self._providers)}")
        return [self._providers[name]]


def _answer(status: int, content: object) -> Score:
    body = msgspec.json.encode(content)
    head = b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body))
    sighting = Sighting(provider="", path=PLACE, status=status, fate=Fate.WHOLE)
    return Score([Beat(0.0, head), Beat(0.0, body)], sighting, sized=True)
