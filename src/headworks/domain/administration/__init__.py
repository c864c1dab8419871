"""Who may change what: scopes, roles, administrators and what they are known by."""

from headworks.domain.administration.people import (
    ALL_ACTS,
    SESSION_LIFE,
    SOURCE,
    Administrator,
    AdminToken,
    AuditEntry,
    AuditFilter,
    Identity,
    RoleGrant,
    Session,
)
from headworks.domain.administration.powers import EVERYTHING, Power, Powers
from headworks.domain.administration.provider import IdentityProvider, Passwords, RoleAt, RoleMap
from headworks.domain.administration.roles import ROLES, Role, Scope

__all__ = [
    "ALL_ACTS",
    "EVERYTHING",
    "ROLES",
    "SESSION_LIFE",
    "SOURCE",
    "AdminToken",
    "Administrator",
    "AuditEntry",
    "AuditFilter",
    "Identity",
    "IdentityProvider",
    "Passwords",
    "Power",
    "Powers",
    "Role",
    "RoleAt",
    "RoleGrant",
    "RoleMap",
    "Scope",
    "Session",
]
