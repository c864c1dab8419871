"""What of bounds may be meant, but can have no effect or leaves nothing to use, as things stand: it is kept, and told.

Models, providers, guards and the like come and go with the configuration, and bounds above change: what matches nothing today may be
written ahead of tomorrow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.names import Names
from headworks.domain.patterns import overlap
from headworks.domain.records import Party

_NARROWED = ("endpoints", "providers", "regions")
_ALLOWING = ("models", *_NARROWED)
_NAMED = ("providers", "regions", "policies", "guards")
"""Fields with names of the configuration's, as `Names` has them."""


def warnings_on(body: BoundsBody, lineage: Sequence[Party], names: Names | None, now: int) -> tuple[Mistake, ...]:
    """`lineage`: the parties above, the organisation first. `names`: what the configuration has; None where that is not known. `now`:
    wall-clock nanoseconds.
    """
    found = [*_idle_above(lineage, now), *_empty(body), *_of_models(body, lineage), *_outside(body, lineage)]
    return (*found, *_unknown(body, names)) if names is not None else tuple(found)


def _idle_above(lineage: Sequence[Party], now: int) -> Iterator[Mistake]:
    for party in lineage:
        if party.disabled or 0 < party.expires_at <= now:
            yield Mistake(
                detail=f"{_called(party)} {'is disabled' if party.disabled else 'has expired'}: nobody below can call."
            )


def _empty(body: BoundsBody) -> Iterator[Mistake]:
    for field in _ALLOWING:
        if getattr(body, field) == ():
            yield Mistake(detail="An empty list allows nothing: every request is refused.", pointer=f"/{field}")


def _of_models(body: BoundsBody, lineage: Sequence[Party]) -> Iterator[Mistake]:
    for party in lineage:
        above = party.bounds.models
        for place, pattern in enumerate(body.models or () if above is not None else ()):
            if not any(overlap(pattern, allowed) for allowed in above or ()):
                yield _not_above(party, pattern, f"/models/{place}")


def _outside(body: BoundsBody, lineage: Sequence[Party]) -> Iterator[Mistake]:
    for party in lineage:
        for field in _NARROWED:
            above: Sequence[str] | None = getattr(party.bounds, field)
            for place, name in enumerate(getattr(body, field) or ()):
                if above is not None and name not in above:
                    yield _not_above(party, name, f"/{field}/{place}")


def _unknown(body: BoundsBody, names: Names) -> Iterator[Mistake]:
    for place, pattern in enumerate(body.models or ()):
        if not any(overlap(pattern, name) for name in names.models):
            yield _nothing("model", pattern, f"/models/{place}", names.models)
    for field in _NAMED:
        known: Collection[str] = getattr(names, field)
        for place, name in enumerate(getattr(body, field) or ()):
            if name not in known:
                yield _nothing(field, name, f"/{field}/{place}", known)


def _not_above(party: Party, name: str, pointer: str) -> Mistake:
    return Mistake(detail=f"{_called(party)} does not allow '{name}': it cannot be used.", pointer=pointer)


def _nothing(what: str, name: str, pointer: str, known: Collection[str]) -> Mistake:
    singular = {"policies": "policy"}.get(what, what.removesuffix("s"))
    some = ", ".join(sorted(known)[:10]) or "none"
    return Mistake(detail=f"The configuration has no {singular} '{name}'. It has: {some}.", pointer=pointer)


def _called(party: Party) -> str:
    return f"The {party.kind.replace('_', ' ')} {party.name}"
