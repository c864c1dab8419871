"""Who there is: a tree of organisations, teams, projects, and in them users and service accounts. Keys hang on any of them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from headworks.domain.records.bounds import Bounds
from headworks.domain.records.top_up import TopUp


class PartyKind(StrEnum):
    """The kinds of node. What may stand under what is in `PARENTS`."""

    ORGANISATION = "organisation"
    TEAM = "team"
    PROJECT = "project"
    USER = "user"
    SERVICE_ACCOUNT = "service_account"


PARENTS: dict[PartyKind, frozenset[PartyKind]] = {
    PartyKind.ORGANISATION: frozenset(),
    PartyKind.TEAM: frozenset((PartyKind.ORGANISATION,)),
    PartyKind.PROJECT: frozenset((PartyKind.TEAM, PartyKind.ORGANISATION)),
    PartyKind.USER: frozenset((PartyKind.ORGANISATION, PartyKind.TEAM, PartyKind.PROJECT)),
    PartyKind.SERVICE_ACCOUNT: frozenset((PartyKind.ORGANISATION, PartyKind.TEAM, PartyKind.PROJECT)),
}


class Party(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One node. Times are wall-clock nanoseconds, 0 for never. `version` rises by one at every change (optimistic locking)."""

    id: str
    """`org_`, `team_`, `proj_`, `user_` or `svc_` and 32 hex digits (UUIDv7)."""
    kind: PartyKind
    name: str
    """Unique among the children of its parent."""
    parent: str = ""
    path: tuple[str, ...] = ()
    """Ids from the organisation down to the parent."""
    bounds: Bounds = Bounds()
    top_ups: tuple[TopUp, ...] = ()
    """Of its budgets, for periods that are not over. Looked up for the data plane alone: empty wherever else a party is read."""
    email: str = ""
    """Of a user, for the people's login."""
    disabled: bool = False
    expires_at: int = 0
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @property
    def counted_as(self) -> str:
        """The id that its limits and budgets count under, as keys have one."""
        return self.id
