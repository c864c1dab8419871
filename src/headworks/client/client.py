"""The admin API as objects: one collection per kind of record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Literal, Self, TypedDict, Unpack

from headworks.client.collections import Keys, Parties
from headworks.client.customers import Customers
from headworks.client.people import Administrators, Grants, Sessions, Tokens
from headworks.client.revisions import Revisions
from headworks.client.rollouts import Rollouts
from headworks.client.signing_in import change_password
from headworks.client.usage import Usage
from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.people import AuditListing, AuditView, Me, NewPassword


class AuditOnly(TypedDict, total=False):
    """Which lines of the audit log. What is left out, or empty, lets all through."""

    actor: str
    """Id or name."""
    operation: str
    """`keys.revoke`, or `keys` for all of them."""
    object: str
    """Id or name of what it was done to, or the id of the party that this belongs to."""
    outcome: Literal["", "done", "denied"]
    since: datetime | None
    until: datetime | None


class Client:
    """One signed-in program. Close it, or use it in a `with`."""

    def __init__(self, url: str, token: str, *, seconds: float = 30.0) -> None:
        """`token`: `hwa-…`. Raises `ValueError` for an address that is none; nothing is connected yet."""
        self._url = url
        self._seconds = seconds
        self._wire = Wire(url, token, seconds)
        self.organisations = Parties(self._wire, "organisations")
        self.teams = Parties(self._wire, "teams")
        self.projects = Parties(self._wire, "projects")
        self.users = Parties(self._wire, "users")
        self.service_accounts = Parties(self._wire, "service-accounts")
        self.keys = Keys(self._wire, "keys")
        self.administrators = Administrators(self._wire)
        self.grants = Grants(self._wire)
        self.tokens = Tokens(self._wire)
        self.sessions = Sessions(self._wire)
        self.usage = Usage(self._wire)
        self.customers = Customers(self._wire)
        self.revisions = Revisions(self._wire)
        self.rollouts = Rollouts(self._wire)

    def me(self) -> Me:
        """Who the token acts as, and what it may do."""
        return self._wire.ask(Request(method="GET", path="/me"), Me)

    def change_password(self, passwords: NewPassword) -> Me:
        """Change one's own, of whoever the token acts as. All their sessions end; tokens stay good."""
        return change_password(self._url, self.me().name, passwords, seconds=self._seconds)

    def audit(self, **only: Unpack[AuditOnly]) -> Iterator[AuditView]:
        """What was done and denied, newest first."""
        said = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in only.items() if value}
        return self._wire.pages("/audit", AuditListing, **said)

    def document(self) -> bytes:
        """The admin API itself, as an OpenAPI 3.1 document."""
        return self._wire.send(Request(method="GET", path="/openapi.json"))

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
