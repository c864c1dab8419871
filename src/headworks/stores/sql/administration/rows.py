"""Administrators, grants, tokens and sessions as rows, and back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import RowMapping

from headworks.domain.administration import Administrator, AdminToken, Role, RoleGrant, Scope, Session
from headworks.ports.administration import Repeat
from headworks.stores.sql.columns import record_of


def administrator_of(row: RowMapping) -> Administrator:
    """Of its columns."""
    return Administrator(**row)


def grant_row(grant: RoleGrant) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(grant)
    facts["admin"] = facts.pop("administrator")
    return facts | {"role": grant.role.value}


def grant_of(row: RowMapping) -> RoleGrant:
    """Of its columns."""
    return record_of(RoleGrant, row, administrator=row["admin"], role=Role(row["role"]))


def token_row(token: AdminToken) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(token)
    facts["admin"] = facts.pop("administrator")
    return facts | {"scopes": msgspec.json.encode(token.scopes).decode()}


def token_of(row: RowMapping) -> AdminToken:
    """Of its columns."""
    scopes = msgspec.json.decode(row["scopes"], type=tuple[Scope, ...] | None)
    return record_of(AdminToken, row, administrator=row["admin"], digest=bytes(row["digest"]), scopes=scopes)


def session_row(session: Session) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(session)
    facts["admin"] = facts.pop("administrator")
    return facts


def session_of(row: RowMapping) -> Session:
    """Of its columns."""
    return record_of(Session, row, administrator=row["admin"], digest=bytes(row["digest"]))


def repeat_row(repeat: Repeat) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(repeat)
    facts["body"] = facts.pop("answer")
    return facts


def repeat_of(row: RowMapping) -> Repeat:
    """Of its columns."""
    return record_of(Repeat, row, answer=row["body"])
