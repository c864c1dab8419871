"""What binds a command line that waits to the browser in which somebody signs in for it. Nothing of it is kept here either: what it has
asked, what a page may confirm, and the ticket are sealed with our own secret, and good once and for a while.
"""

from __future__ import annotations

import base64
import hmac
from typing import NamedTuple

import msgspec

from headworks.control.admin.login_flow import LIFE
from headworks.control.admin.office import Office
from headworks.domain.administration import Administrator
from headworks.domain.administration.wire.sign_in import SignInAsked
from headworks.identity.oidc import challenge_of

_SECOND = 1_000_000_000
_CONFIRMATION_LIFE = 120 * _SECOND
_TICKET_LIFE = 60 * _SECOND
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Of codes: none that is taken for another, and none that make words (RFC 8628, section 6.1)."""
_HALF = 4


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A command line that asks to act as whoever signs in."""

    ends_at: int
    """Wall-clock nanoseconds."""
    code: str
    """It has printed this, so that people can tell their own from somebody else's."""
    port: int
    challenge: str
    """By which it is known again."""
    peer: str
    """The address that it asked from."""
    client: str
    """What it says of itself."""

    def returns(self, what: str) -> str:
        """Where it waits for this: on the browser's own machine, whatever anybody asks."""
        return f"http://127.0.0.1:{self.port}/?{what}"


class Entered(NamedTuple):
    """Who has signed in, as they were then: somebody who was changed since has to do it again."""

    id: str
    version: int


def wait_for_sign_in(office: Office, asked: SignInAsked, peer: str) -> tuple[Waiting, str]:
    """It as it is from now on, and the request by which a browser names it."""
    chance = office.chance.getrandbits(64)
    code = "".join(_LETTERS[chance // len(_LETTERS) ** place % len(_LETTERS)] for place in range(2 * _HALF))
    waiting = Waiting(
        ends_at=office.clock.wall_ns() + LIFE * _SECOND,
        code=f"{code[:_HALF]}-{code[_HALF:]}",
        port=asked.port,
        challenge=asked.challenge,
        peer=peer,
        client=asked.client,
    )
    words = base64.urlsafe_b64encode(msgspec.json.encode(waiting)).rstrip(b"=").decode()
    return waiting, _sealed(office, "sign-in request", words)


def read_waiting(office: Office, request: str) -> Waiting | None:
    """None where the request is not of ours, or too old."""
    words = _opened(office, "sign-in request", request)
    if not words:
        return None
    waiting = msgspec.json.decode(base64.urlsafe_b64decode(words + "=" * (-len(words) % 4)), type=Waiting)
    return waiting if office.clock.wall_ns() < waiting.ends_at else None


def make_confirmation(office: Office, person: Administrator, cookie: str) -> str:
    """What the page of somebody who has just signed in must send to say yes or no. It is worth nothing to any other browser."""
    ends = office.clock.wall_ns() + _CONFIRMATION_LIFE
    return _sealed(office, "sign-in confirmation", f"{person.id}.{person.version}.{ends}", cookie)


def confirmed_by(office: Office, confirmation: str, cookie: str) -> Entered | None:
    """Whose page sends it; None where it is not ours, another browser's or too old."""
    words = _opened(office, "sign-in confirmation", confirmation, cookie)
    if not words:
        return None
    administrator, version, ends = words.split(".")
    return Entered(administrator, int(version)) if office.clock.wall_ns() < int(ends) else None


def make_ticket(office: Office, entered: Entered, challenge: str) -> str:
    """What the command line is handed through the browser: worth a session to whoever knows the verifier, once, within a minute."""
    ends = office.clock.wall_ns() + _TICKET_LIFE
    return _sealed(office, "sign-in ticket", f"{entered.id}.{entered.version}.{ends}.{challenge}")


def holder_of(office: Office, ticket: str, verifier: str) -> Entered | None:
    """Whom a ticket is for; None where it is not ours, not theirs or too old."""
    words = _opened(office, "sign-in ticket", ticket)
    if not words:
        return None
    administrator, version, ends, challenge = words.split(".")
    known = hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())
    return Entered(administrator, int(version)) if known and office.clock.wall_ns() < int(ends) else None


def _sealed(office: Office, purpose: str, words: str, *bound: str) -> str:
    return f"{words}.{office.sealed(purpose, words, *bound).hex()}"


def _opened(office: Office, purpose: str, sealed: str, *bound: str) -> str:
    """The words under our seal; nothing where it is not ours, or bound to something else."""
    words, _, seal = sealed.rpartition(".")
    return words if hmac.compare_digest(office.sealed(purpose, words, *bound).hex().encode(), seal.encode()) else ""
