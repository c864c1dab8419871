"""Rows: administrators, their roles, and what they did."""

from __future__ import annotations

from headworks.control.admin import administrators, tokens
from headworks.control.admin.administrators import GrantQuery
from headworks.control.admin.operation import Operation
from headworks.control.admin.paging import ListQuery
from headworks.control.admin.row import row
from headworks.domain.administration import Scope
from headworks.domain.administration.wire import people as people_wire

PEOPLE: tuple[Operation, ...] = (
    row(
        "administrators.list GET /administrators",
        Scope.ADMINISTRATORS_READ,
        administrators.list_administrators,
        "Administrators who have a role within reach.",
        answers=people_wire.AdministratorListing,
        query=ListQuery,
    ),
    row(
        "administrators.create POST /administrators",
        Scope.ADMINISTRATORS_WRITE,
        administrators.create_administrator,
        "Make an administrator, with a first role that one holds oneself.",
        asks=people_wire.AdministratorAsked,
        answers=people_wire.AdministratorView,
        status=201,
    ),
    row(
        "administrators.read GET /administrators/{id}",
        Scope.ADMINISTRATORS_READ,
        administrators.read_administrator,
        "One administrator.",
        answers=people_wire.AdministratorView,
    ),
    row(
        "administrators.update PATCH /administrators/{id}",
        Scope.ADMINISTRATORS_WRITE,
        administrators.update_administrator,
        "Change name, e-mail address or password, or disable, somebody who holds no more than oneself.",
        asks=people_wire.AdministratorPatch,
        answers=people_wire.AdministratorView,
        locks=True,
    ),
    row(
        "administrators.remove DELETE /administrators/{id}",
        Scope.ADMINISTRATORS_WRITE,
        administrators.remove_administrator,
        "Remove somebody who holds no more than oneself, with all roles, tokens and sessions.",
        status=204,
        locks=True,
    ),
    row(
        "administrators.identity.put PUT /administrators/{id}/identity",
        Scope.ADMINISTRATORS_WRITE,
        administrators.put_identity,
        "Say whom somebody, who holds no more than oneself, comes as through an identity provider.",
        asks=people_wire.IdentityAsked,
        answers=people_wire.AdministratorView,
        locks=True,
    ),
    row(
        "administrators.identity.remove DELETE /administrators/{id}/identity",
        Scope.ADMINISTRATORS_WRITE,
        administrators.remove_identity,
        "Let somebody, who holds no more than oneself, come through no identity provider any more.",
        status=204,
        locks=True,
    ),
    row(
        "grants.list GET /grants",
        Scope.GRANTS_READ,
        administrators.list_grants,
        "Roles on parties within reach.",
        answers=people_wire.GrantListing,
        query=GrantQuery,
    ),
    row(
        "grants.create POST /grants",
        Scope.GRANTS_WRITE,
        administrators.create_grant,
        "Give somebody a role that one holds oneself.",
        asks=people_wire.GrantAsked,
        answers=people_wire.GrantView,
        status=201,
    ),
    row(
        "grants.remove DELETE /grants/{id}",
        Scope.GRANTS_WRITE,
        administrators.remove_grant,
        "Take away a role that one holds oneself.",
        status=204,
    ),
    row(
        "audit.list GET /audit",
        Scope.AUDIT_READ,
        tokens.list_audit,
        "What was done and denied within reach, newest first.",
        answers=people_wire.AuditListing,
        query=tokens.AuditQuery,
    ),
)
"""Administrators, their roles, and what they did."""
