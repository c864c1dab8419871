"""What binds one sign-in together. Nothing is kept here of a sign-in under way: all of it follows from a cookie and our own secret, so that
nobody can fill our memory with sign-ins that they never end, and any replica can end what another began.
"""

from __future__ import annotations

import base64
import re

import msgspec

from headworks.control.admin.office import Office
from headworks.control.admin.sessions import random_text
from headworks.identity.oidc import Flow
from headworks.ports.administration import Repeat

COOKIE = "headworks_sign_in"
LIFE = 600
"""Seconds from the first click to the way back."""
_SECOND = 1_000_000_000
_COOKIE = re.compile(r"([0-9]{1,12})\.([^.]+)\.(.*)")


class Begun(msgspec.Struct, frozen=True):
    """What a browser's cookie says of its sign-in. It is believed only together with the state that follows from all of it."""

    seconds: int
    """Since the epoch."""
    chance: str
    request: str = ""
    """Of the command line that waits for a ticket; empty: nobody waits, the browser gets the session."""


def begin(office: Office, *, request: str) -> str:
    """The cookie of a sign-in."""
    return f"{office.clock.wall_ns() // _SECOND}.{random_text(office)}.{request}"


def read_begun(office: Office, cookie: str) -> Begun | None:
    """None where it is no cookie of ours, or too old."""
    written = _COOKIE.fullmatch(cookie)
    if written is None:
        return None
    begun = Begun(int(written[1]), written[2], written[3])
    return begun if 0 <= office.clock.wall_ns() // _SECOND - begun.seconds < LIFE else None


def flow_of(office: Office, provider: str, cookie: str) -> Flow:
    """What the provider is sent, and what must come back."""
    state, nonce, verifier = (
        base64.urlsafe_b64encode(office.sealed(f"sign-in {part}", provider, cookie)).rstrip(b"=").decode()
        for part in ("state", "nonce", "verifier")
    )
    return Flow(state=state, nonce=nonce, verifier=verifier, redirect=office.entrance.redirect(provider))


async def use_up(office: Office, what: str) -> bool:
    """Whether this is the first use of a state, request or ticket, on all replicas."""
    now = office.clock.wall_ns()
    claim = Repeat(
        actor="sign-in",
        key=office.sealed("sign-in once", what).hex(),
        request="",
        created_at=now,
        expires_at=now + 2 * LIFE * _SECOND,
    )
    return await office.people.claim_repeat(claim) is None
