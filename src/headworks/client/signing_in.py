"""A password, or a ticket that came through a browser, for an admin token: what a person has to begin with."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.people import Login, Me, NewPassword, TokenAsked, TokenMade
from headworks.domain.administration.wire.sign_in import SignInAsked, SignInOffered, SignInWays, Ticket

_SECONDS = 30.0


def token_by_password(
    url: str, name: str, password: str, *, label: str, expires_at: datetime, seconds: float = _SECONDS
) -> TokenMade:
    """A new token called `label`, with all that its maker may do, until `expires_at`. The session that it takes is ended. Raises as `Wire` does."""
    proof = Request(method="POST", path="/session", body=Login(name=name, password=password))
    return _token(Wire(url, "", seconds), proof, TokenAsked(name=label, expires_at=expires_at))


def token_by_ticket(url: str, ticket: Ticket, *, label: str, expires_at: datetime, seconds: float = _SECONDS) -> TokenMade:
    """The same, for somebody who has signed in through an identity provider in a browser. It ends no later than the roles that follow
    from what the provider says.
    """
    proof = Request(method="POST", path="/login", body=ticket)
    return _token(Wire(url, "", seconds), proof, TokenAsked(name=label, expires_at=expires_at))


def ways_of(url: str, *, seconds: float = _SECONDS) -> SignInWays:
    """How one can sign in there. Raises as `Wire` does."""
    with closing(Wire(url, "", seconds)) as wire:
        return wire.ask(Request(method="GET", path="/login"), SignInWays)


def ask_sign_in(url: str, provider: str, asked: SignInAsked, *, seconds: float = _SECONDS) -> SignInOffered:
    """Ask to act as whoever signs in in a browser and confirms it there. Raises as `Wire` does."""
    with closing(Wire(url, "", seconds)) as wire:
        return wire.ask(Request(method="POST", path=f"/login/{provider}", body=asked), SignInOffered)


def change_password(url: str, name: str, passwords: NewPassword, *, seconds: float = _SECONDS) -> Me:
    """Change one's own. A session is opened for it and ended: a token does not become a password. Raises as `Wire` does."""
    with closing(Wire(url, "", seconds)) as wire:
        _sign_in(wire, Request(method="POST", path="/session", body=Login(name=name, password=passwords.old)))
        me = _sign_in(wire, Request(method="PUT", path="/me/password", body=passwords))
        wire.send(Request(method="DELETE", path="/session"))
    return me


def _token(wire: Wire, proof: Request, asked: TokenAsked) -> TokenMade:
    with closing(wire):
        _sign_in(wire, proof)
        made = wire.ask(Request(method="POST", path="/tokens", body=asked), TokenMade)
        wire.send(Request(method="DELETE", path="/session"))
    return made


def _sign_in(wire: Wire, proof: Request) -> Me:
    me = wire.ask(proof, Me)
    wire.sign_with_session(me.csrf or "")
    return me
