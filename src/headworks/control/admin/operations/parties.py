"""Rows: parties, the same for all kinds."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.control.admin.bounds import BoundsOf
from headworks.control.admin.operation import Operation
from headworks.control.admin.operations.levels import of_bounds, of_standings, of_top_ups
from headworks.control.admin.parties import Parties, PartyQuery
from headworks.control.admin.row import row
from headworks.control.admin.standings import StandingsOf
from headworks.control.admin.top_ups import TopUpsOf
from headworks.domain.administration import Scope
from headworks.domain.administration.wire import parties as party_wire
from headworks.domain.records import Party, PartyKind

PATHS: dict[PartyKind, str] = {kind: f"/{kind.replace('_', '-')}s" for kind in PartyKind}
"""Kind of party → its path."""


def of_parties(kind: PartyKind) -> Iterator[Operation]:
    """All that is done with parties of one kind."""
    parties, plural, path = Parties(kind), f"{kind}s", PATHS[kind]
    one, read, write = f"{path}/{{id}}", Scope.PARTIES_READ, Scope.PARTIES_WRITE
    words = plural.replace("_", " ")
    view, listing = party_wire.PartyView, party_wire.PartyListing
    yield row(f"{plural}.list GET {path}", read, parties.list, f"The {words} within reach.", answers=listing, query=PartyQuery)
    yield row(
        f"{plural}.create POST {path}",
        write,
        parties.create,
        f"Make one of the {words}.",
        asks=party_wire.PartyAsked,
        answers=view,
        status=201,
    )
    yield row(f"{plural}.read GET {one}", read, parties.read, f"One of the {words}.", answers=view)
    yield row(
        f"{plural}.update PATCH {one}",
        write,
        parties.update,
        f"Change one of the {words}.",
        asks=party_wire.PartyPatch,
        answers=view,
        locks=True,
    )
    yield row(
        f"{plural}.remove DELETE {one}",
        write,
        parties.remove,
        f"Remove one of the {words}, with its keys; refused while others stand under it.",
        status=204,
        locks=True,
    )
    if kind is not PartyKind.ORGANISATION:
        yield row(
            f"{plural}.move POST {one}/move",
            write,
            parties.move,
            f"Put one of the {words} under another party, with all below it.",
            asks=party_wire.Move,
            answers=view,
            locks=True,
        )
    yield from of_bounds(plural, one, read, BoundsOf[Party](parties))
    yield from of_top_ups(plural, one, read, TopUpsOf[Party](parties))
    yield from of_standings(plural, one, read, StandingsOf[Party](parties))
