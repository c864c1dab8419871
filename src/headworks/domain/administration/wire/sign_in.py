"""Signing in through an identity provider, as the admin API asks for and tells it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.domain.administration.provider import Passwords
from headworks.domain.administration.wire.people import Said
from headworks.domain.administration.wire.values import When


class SignInProvider(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider that people sign in through."""

    name: str
    title: str


class SignInWays(msgspec.Struct, frozen=True, kw_only=True):
    """How one signs in here. `passwords`: of everybody, or of the first administrator only."""

    providers: tuple[SignInProvider, ...]
    passwords: Passwords


class SignInAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command line that will wait for a ticket."""

    port: Annotated[int, Meta(ge=1024, le=65535, description="On 127.0.0.1, where the ticket is waited for.")]
    challenge: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}(?!\n)$", description="SHA-256 of the verifier, as in PKCE.")]
    client: Annotated[str, Meta(pattern=r"^[ -~]{1,100}(?!\n)$", description="What it is and where, for whoever confirms it.")]


class SignInOffered(msgspec.Struct, frozen=True, kw_only=True):
    """`request` goes into the address that a browser opens. `code` is what whoever signs in there compares."""

    request: str
    code: str
    expires_at: When | None


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the command line that asks may act as whoever has signed in."""

    confirmation: Annotated[Said, Meta(description="What their page was given.")]
    granted: Annotated[bool, Meta(description="Whether it may.")]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser goes with what came of it: to the command line, on its own machine."""

    location: str


class Ticket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the command line has its token for."""

    ticket: Annotated[Said, Meta(description="What came to it through the browser.")]
    verifier: Annotated[Said, Meta(description="What it alone knows.")]

    def __repr__(self) -> str:
        return "<Ticket>"
