"""One row of the table of operations, and what its handler is given and gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeVar

import msgspec

from headworks.control.admin.office import Office
from headworks.domain.administration import Powers, Scope
from headworks.ports.records import EVERYWHERE, Reach

Read = TypeVar("Read", bound=msgspec.Struct)


class Access(StrEnum):
    """Who may call an operation that needs no scope. Everything else is denied to everybody without the scope."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: by a session, by a token, or by one of an identity provider's."""

    id: str
    name: str
    powers: Powers
    session: str = ""
    token: str = ""
    scopes: tuple[Scope, ...] | None = None
    """What the token was narrowed to."""
    party: str = ""
    """Where the token was narrowed to."""
    expires_at: int = 0
    """When the token ends, or the roles that followed from claims, wall-clock nanoseconds; 0: never."""
    foreign: bool = False
    """Known by a token of an identity provider: nothing is kept here of who that is."""


NOBODY = Actor(id="", name="", powers=Powers())


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One call of an operation, authorised and decoded."""

    office: Office
    actor: Actor
    operation: Operation
    request: str
    """Its id, also in the audit log."""
    peer: str
    reach: Reach
    """Where the actor holds the scope of the operation: goes into every query."""
    path: Mapping[str, str]
    query: msgspec.Struct
    """Of the operation's `query` type."""
    body: msgspec.Struct | None
    """Of the operation's `asks` type."""
    version: int | None
    """What `If-Match` says; None: `*`."""
    csrf: str = ""
    begun: str = ""
    """The cookie of a sign-in under way."""

    @property
    def id(self) -> str:
        """Of the record that the path names."""
        return self.path["id"]

    def asked(self, kind: type[Read]) -> Read:
        """The body."""
        assert isinstance(self.body, kind)
        return self.body

    def wanted(self, kind: type[Read]) -> Read:
        """The query."""
        assert isinstance(self.query, kind)
        return self.query

    @property
    def everywhere(self) -> bool:
        """Whether the actor holds the scope on the whole installation."""
        return self.reach == EVERYWHERE

    def now(self) -> int:
        """Wall-clock nanoseconds."""
        return self.office.clock.wall_ns()

    def facts(self, **more: str) -> dict[str, str]:
        """For the audit record: who, what, by which credential, and `more`."""
        facts = {
            "actor": self.actor.id,
            "by": self.actor.name,
            "credential": self.actor.token or self.actor.session,
            "operation": self.operation.name,
            "request": self.request,
            "peer": self.peer,
        }
        return {key: value for key, value in (facts | more).items() if value}


class Answer(NamedTuple):
    """What comes of an act. `body` is bytes of JSON, a page of HTML, or what JSON is made of. `cookie`: a session's, to be set (empty: to
    be taken away).
    """

    body: object = None
    version: int | None = None
    cookie: str | None = None
    begun: str | None = None
    """The cookie of a sign-in that is now under way."""
    location: str | None = None
    """Where the browser is sent instead: never what a request names."""
    script: str = ""
    """Of a page: no other one runs in it."""


Handler = Callable[[Act], Awaitable[Answer]]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing may be asked in the query."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Routes, authorisation, the OpenAPI document and the test of the whole matrix are made from it."""

    name: str
    """`teams.create`."""
    method: str
    path: str
    """Below `/admin/v1`."""
    needs: Scope | Access
    handle: Handler
    words: str
    """One line for the documentation."""
    asks: type[msgspec.Struct] | None = None
    answers: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] = NoQuery
    status: int = 200
    locks: bool = False
    """`If-Match` must say which version was read."""
    session_only: bool = False
    """Not for tokens."""
    everywhere: bool = False
    """It concerns the whole installation: the scope must be held there, and not on a party."""
    largest: int = 1 << 20
    """Bytes of a body."""
    html: bool = False
    """For browsers: what it answers, and how it refuses, are pages."""

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"

    @property
    def repeatable(self) -> bool:
        """Whether it takes an idempotency key: it makes something new, on somebody's account."""
        return self.method == "POST" and self.needs is not Access.ANYONE

    def __repr__(self) -> str:
        return f"<Operation {self.name}: {self.method} {self.path}>"
