"""Who may change what: scopes, roles, administrators and what they are known by."""

from headworks.domain.administration.people import Administrator, AdminToken, AuditEntry, RoleGrant, Session
from headworks.domain.administration.powers import EVERYTHING, Power, Powers
from headworks.domain.administration.roles import ROLES, Role, Scope

__all__ = [
    "EVERYTHING",
    "ROLES",
    "AdminToken",
    "Administrator",
    "AuditEntry",
    "Power",
    "Powers",
    "Role",
    "RoleGrant",
    "Scope",
    "Session",
]
