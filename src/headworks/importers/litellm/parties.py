"""Organisations, teams, users and keys of their database → parties and key records."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from headworks.domain.counted import counted
from headworks.domain.records import Bounds, KeyRecord, Party, PartyKind
from headworks.importers.litellm.bounds import Narrowing
from headworks.importers.litellm.row import Row
from headworks.importers.litellm.tables import ADVICE, BUDGETS, KEYS, ORGANISATIONS, TEAMS, USERS, Tables
from headworks.importers.notes import Notes, Tally

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIXES = {
    PartyKind.ORGANISATION: "org_",
    PartyKind.TEAM: "team_",
    PartyKind.USER: "user_",
    PartyKind.SERVICE_ACCOUNT: "svc_",
}
_CONSOLE = "litellm-dashboard"
"""The team of their console's own sessions."""
_UNINTERESTING = (
    "created_at", "updated_at", "created_by", "updated_by", "budget_reset_at", "model_spend", "spend", "last_active",
    "metadata", "soft_budget_cooldown", "rotation_count", "last_rotation_at", "members", "admins", "sso_user_id", "password",
    "key_name", "key_alias", "token", "user_id", "team_id", "organization_id", "budget_id",
)  # fmt: skip
"""What tells of the past, or was asked for where it was needed."""


_Make = Callable[[Row, Narrowing, Tally], None]


class Records(msgspec.Struct, frozen=True):
    """What is to be written, each party after the one above it."""

    parties: Sequence[Party] = ()
    keys: Sequence[KeyRecord] = ()


class Reader:
    """Makes records of rows. One per import."""

    def __init__(self, tables: Tables, groups: Mapping[str, list[str]], guards: Collection[str], now: int) -> None:
        """`now`: wall-clock nanoseconds, from which on blocked keys are revoked."""
        self._tables = tables
        self._groups = groups
        self._guards = guards
        self._now = now
        self._budgets = {row.text("budget_id"): row for row in tables.rows[BUDGETS]}
        self._names: set[tuple[str, str]] = set()
        self._parties: dict[tuple[PartyKind, str], Party] = {}
        self.notes: list[Notes] = []

    def read(self, default: str) -> Records:
        """All of them. `default`: the name of the organisation of whoever has none."""
        self._root(default)
        self._each(ORGANISATIONS, self._organisation)
        self._each(TEAMS, self._team)
        self._each(USERS, self._user)
        keys: dict[bytes, KeyRecord] = {}
        self._each(KEYS, lambda row, narrowing, tally: self._key(row, narrowing, tally, keys))
        self._tell_others()
        return Records(tuple(self._parties.values()), tuple(keys.values()))

    def _each(self, table: str, make: _Make) -> None:
        tally, notes = Tally(), Notes(table)
        rows = self._tables.rows[table]
        for row in rows:
            make(row, Narrowing(tally, self._groups, self._guards), tally)
            row.skip(*_UNINTERESTING)
            for column in row.untaken():
                tally.unsupported(column, ADVICE.get(column, "Nothing here is like it."))
        if rows:
            notes.mapped(0, counted(len(rows), "row"), "parties and keys")
        tally.into(notes)
        self.notes.append(notes)

    def _root(self, name: str) -> None:
        self._add(
            PartyKind.ORGANISATION, "", name, Party(id="", kind=PartyKind.ORGANISATION, name=name, bounds=Bounds(models=("*",)))
        )

    def _organisation(self, row: Row, narrowing: Narrowing, tally: Tally) -> None:
        bounds = narrowing.of(row, self._budget(row))
        if bounds.models is None:
            bounds = msgspec.structs.replace(bounds, models=("*",))
        name = row.text("organization_alias") or row.text("organization_id")
        made = Party(id="", kind=PartyKind.ORGANISATION, name=name, bounds=bounds)
        self._add(PartyKind.ORGANISATION, row.text("organization_id"), name, made)
        tally.approximated("features", _FEATURES)

    def _team(self, row: Row, narrowing: Narrowing, tally: Tally) -> None:
        name = row.text("team_alias") or row.text("team_id")
        made = Party(
            id="",
            kind=PartyKind.TEAM,
            name=name,
            parent=self._above(row),
            bounds=narrowing.of(row, self._budget(row)),
            disabled=row.flag("blocked"),
        )
        if row.texts("members_with_roles") or row.text("members_with_roles") not in ("", "[]", "{}"):
            tally.approximated(
                "members_with_roles", "users are not members here: a team's keys hang on the team. Give its admins a role on it"
            )
        self._add(PartyKind.TEAM, row.text("team_id"), name, made)

    def _user(self, row: Row, narrowing: Narrowing, tally: Tally) -> None:
        ident, email = row.text("user_id"), row.text("user_email")
        name = row.text("user_alias") or email or ident
        role = row.text("user_role")
        row.skip("teams")
        if role and not role.startswith("internal_user"):
            tally.approximated(
                f"user_role {role}", "a plain user: administrators are made with headworks and have roles of their own"
            )
        made = Party(
            id="",
            kind=PartyKind.USER,
            name=name,
            parent=self._above(row),
            bounds=narrowing.of(row, self._budget(row)),
            email=email,
        )
        self._add(PartyKind.USER, ident, name, made)

    def _key(self, row: Row, narrowing: Narrowing, tally: Tally, keys: dict[bytes, KeyRecord]) -> None:
        if row.text("team_id") == _CONSOLE:
            row.skip_all()
            tally.unsupported("sessions of their console", "They are over; our console has its own.")
            return
        digest = self._digest(row.text("token"), tally)
        if digest in keys:
            tally.approximated("the same key twice", "one of them is kept")
            return
        owner = self._owner(row, tally)
        blocked = row.flag("blocked") or not owner
        shown = row.text("key_name") or f"{row.text('token')[:8]}…"
        keys[digest] = KeyRecord(
            id=_id("key_", "key", digest.hex()),
            owner=owner or self._above(row),
            name=row.text("key_alias") or shown,
            prefix=shown,
            digest=digest,
            imported=True,
            bounds=narrowing.of(row, self._budget(row)),
            expires_at=row.moment("expires"),
            revoked_at=self._now if blocked else 0,
        )

    def _digest(self, token: str, tally: Tally) -> bytes:
        if _DIGEST.fullmatch(token):
            return bytes.fromhex(token)
        tally.approximated("a key that was stored as it is", "only its SHA-256 is kept, and the key goes on working")
        return hashlib.sha256(token.encode()).digest()

    def _owner(self, row: Row, tally: Tally) -> str:
        """The team, else the user, else the organisation: as they spend. Empty where the team or user is not there."""
        team, user = row.text("team_id"), row.text("user_id")
        if team and user:
            tally.approximated("user_id of a team's key", "the key is the team's, whose limits count, as in LiteLLM")
        found = (
            self._parties.get((PartyKind.TEAM, team)) if team else self._parties.get((PartyKind.USER, user)) if user else None
        )
        if found is None and (team or user):
            tally.unsupported(
                "a key of a team or user that is not there", "It is revoked: nobody knows what it may do. Make a new one."
            )
            return ""
        return found.id if found is not None else self._above(row)

    def _above(self, row: Row) -> str:
        found = self._parties.get((PartyKind.ORGANISATION, row.text("organization_id")))
        return (found or self._parties[PartyKind.ORGANISATION, ""]).id

    def _budget(self, row: Row) -> Row | None:
        return self._budgets.get(row.text("budget_id"))

    def _add(self, kind: PartyKind, ident: str, name: str, party: Party) -> None:
        """Ids are made of theirs: an import that is repeated finds what it has written."""
        unique = name if (party.parent, name) not in self._names else f"{name} ({ident})"
        self._names.add((party.parent, unique))
        made = msgspec.structs.replace(party, id=_id(_PREFIXES[kind], kind, ident or name), name=unique)
        self._parties[kind, ident] = made

    def _tell_others(self) -> None:
        for table, count in self._tables.unread.items():
            notes = Notes(table)
            notes.unsupported(0, counted(count, "row"), ADVICE.get(table, "This table is not read."))
            self.notes.append(notes)


_FEATURES = (
    "web search, service tiers and other governed features (configuration.md#governed-fields) are nobody's until they are given: "
    "add features to the organisation, or features: ['*'] for all, as LiteLLM had it"
)


def _id(prefix: str, kind: str, ident: str) -> str:
    return f"{prefix}{hashlib.sha256(f'litellm/{kind}/{ident}'.encode()).hexdigest()[:32]}"
