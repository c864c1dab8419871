"""What administrators may do: scopes are the single permissions, roles are bundles of them that people can remember."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One permission. Every operation of the admin API names the one it needs."""

    PARTIES_READ = "parties:read"
    PARTIES_WRITE = "parties:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    BOUNDS_WRITE = "bounds:write"
    BUDGETS_WRITE = "budgets:write"
    GRANTS_READ = "grants:read"
    GRANTS_WRITE = "grants:write"
    ADMINISTRATORS_READ = "administrators:read"
    ADMINISTRATORS_WRITE = "administrators:write"
    AUDIT_READ = "audit:read"
    CONFIG_READ = "config:read"
    CONFIG_WRITE = "config:write"
    SECRETS_WRITE = "secrets:write"
    USAGE_READ = "usage:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"


class Role(StrEnum):
    """A bundle of scopes, granted to an administrator on a party, for it and all below it."""

    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"
    BILLING = "billing"
    AUDITOR = "auditor"
    DEVELOPER = "developer"


_SEE = frozenset((Scope.PARTIES_READ, Scope.KEYS_READ, Scope.USAGE_READ))
_PEOPLE = frozenset((Scope.GRANTS_READ, Scope.GRANTS_WRITE, Scope.ADMINISTRATORS_READ, Scope.ADMINISTRATORS_WRITE))

ROLES: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.ADMIN: _SEE
    | _PEOPLE
    | {
        Scope.PARTIES_WRITE,
        Scope.KEYS_WRITE,
        Scope.BOUNDS_WRITE,
        Scope.BUDGETS_WRITE,
        Scope.AUDIT_READ,
        Scope.CONFIG_READ,
        Scope.CUSTOMERS_READ,
        Scope.CUSTOMERS_WRITE,
    },
    Role.OPERATOR: _SEE | {Scope.BOUNDS_WRITE, Scope.CONFIG_READ, Scope.CONFIG_WRITE, Scope.SECRETS_WRITE},
    Role.BILLING: _SEE | {Scope.BUDGETS_WRITE, Scope.CUSTOMERS_READ},
    Role.AUDITOR: _SEE | {Scope.GRANTS_READ, Scope.ADMINISTRATORS_READ, Scope.AUDIT_READ, Scope.CONFIG_READ},
    Role.DEVELOPER: _SEE | {Scope.KEYS_WRITE},
}
"""Role → scopes. What the configuration and secrets of the whole installation are is looked at only with a role on all of it."""
