"""A name and a password for an admin token: what a person has to begin with."""

from __future__ import annotations

from datetime import datetime

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.people import Login, Me, TokenAsked, TokenMade


def token_by_password(
    url: str, name: str, password: str, *, label: str, expires_at: datetime, seconds: float = 30.0
) -> TokenMade:
    """A new token called `label`, with all that its maker may do, until `expires_at`. The session that it takes is ended. Raises as `Wire` does."""
    wire = Wire(url, "", seconds)
    try:
        me = wire.ask(Request(method="POST", path="/session", body=Login(name=name, password=password)), Me)
        wire.sign_with_session(me.csrf or "")
        made = wire.ask(Request(method="POST", path="/tokens", body=TokenAsked(name=label, expires_at=expires_at)), TokenMade)
        wire.send(Request(method="DELETE", path="/session"))
    finally:
        wire.close()
    return made
