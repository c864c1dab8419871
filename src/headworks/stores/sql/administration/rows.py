"""Administrators, grants, tokens and sessions as rows, and back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import RowMapping

from headworks.domain.administration import Administrator, AdminToken, Role, RoleGrant, Scope, Session
from headworks.ports.administration import Repeat


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
    return RoleGrant(
        id=row["id"],
        administrator=row["admin"],
        role=Role(row["role"]),
        party=row["party"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


def token_row(token: AdminToken) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(token)
    facts["admin"] = facts.pop("administrator")
    return facts | {"scopes": msgspec.json.encode(token.scopes).decode()}


def token_of(row: RowMapping) -> AdminToken:
    """Of its columns."""
    return AdminToken(
        id=row["id"],
        administrator=row["admin"],
        name=row["name"],
        prefix=row["prefix"],
        digest=bytes(row["digest"]),
        scopes=msgspec.json.decode(row["scopes"], type=tuple[Scope, ...] | None),
        party=row["party"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


def session_row(session: Session) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(session)
    facts["admin"] = facts.pop("administrator")
    return facts


def session_of(row: RowMapping) -> Session:
    """Of its columns."""
    return Session(
        id=row["id"],
        administrator=row["admin"],
        digest=bytes(row["digest"]),
        csrf=row["csrf"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        seen_at=row["seen_at"],
        peer=row["peer"],
    )


def repeat_row(repeat: Repeat) -> Mapping[str, object]:
    """The columns."""
    facts = msgspec.structs.asdict(repeat)
    facts["body"] = facts.pop("answer")
    return facts


def repeat_of(row: RowMapping) -> Repeat:
    """Of its columns."""
    return Repeat(
        actor=row["actor"],
        key=row["key"],
        request=row["request"],
        status=row["status"],
        answer=row["body"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
