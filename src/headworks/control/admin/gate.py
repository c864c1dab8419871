"""The gate: who is asking, and whether they may. Everything that no row of the table allows is denied."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

from headworks.control.admin.foreign_tokens import foreign_actor
from headworks.control.admin.office import Office
from headworks.control.admin.operation import NOBODY, Access, Actor, Operation
from headworks.control.admin.problems import Refusal
from headworks.control.admin.sessions import cookie_name, digest_of, keep_session
from headworks.domain.administration import EVERYTHING, Administrator, Powers
from headworks.ports.records import EVERYWHERE, Missing, Reach

CSRF_HEADER = "x-headworks-csrf"
TOKEN_BEGINNING = "hwa-"  # noqa: S105 - how tokens begin, not one
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")
_SIGN_IN = "Send `Authorization: Bearer hwa-…` with an admin token, or sign in with POST /admin/v1/session."


class Caller(NamedTuple):
    """Who came through the gate, and what goes back with the answer."""

    actor: Actor = NOBODY
    csrf: str = ""
    cookie: str | None = None


def check_host(office: Office, headers: Mapping[str, str]) -> None:
    """Refuse names that are not ours: a foreign name that was made to point here is how a web page gets at a local port."""
    name = _host_of(headers.get("host", ""))
    if name == "localhost" or name in office.hosts or _is_address(name):
        return
    raise Refusal(
        "host_refused",
        f"The control plane is not known as {name[:100]!r}. Use its address or localhost, or add the name to HEADWORKS_CONTROL_HOSTS.",
    )


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse writes that a page of another site sends."""
    origin = headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
    if foreign or headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refusal(
            "origin_refused", "Writes are taken from the control plane's own pages. Use the console, or a token from a program."
        )


async def identify(office: Office, request: Request, *, secure: bool) -> Caller:
    """Who sends this. A wrong credential is refused, none is nobody."""
    written = request.headers.getlist("authorization")
    if len(written) > 1:
        raise Refusal("malformed", "There is more than one Authorization header. Send one.")
    if written:
        return Caller(await _by_token(office, written[0]))
    cookie = request.cookies.get(cookie_name(secure=secure), "")
    return await _by_cookie(office, cookie) if cookie else Caller()


async def _by_token(office: Office, written: str) -> Actor:
    kind, _, secret = written.partition(" ")
    secret = secret.strip()
    if kind.lower() == "bearer" and (foreign := await foreign_actor(office, secret)):
        return foreign
    if kind.lower() != "bearer" or not secret.startswith(TOKEN_BEGINNING):
        raise Refusal("not_signed_in", f"API keys and other credentials never open the admin API. {_SIGN_IN}")
    token = await office.people.token_by_digest(digest_of(secret))
    if token is None or not token.valid_at(office.clock.wall_ns()):
        raise Refusal("not_signed_in", f"This token is not known, revoked, or expired. {_SIGN_IN}")
    person = await _active(office, token.administrator)
    powers = Powers.of(await office.people.grants_of(person.id), office.clock.wall_ns())
    lineage: tuple[str, ...] = ()
    if token.party != EVERYTHING:
        parties, _ = await office.records.lineage(token.party)
        lineage = tuple(party.id for party in parties) or (token.party,)
    return Actor(
        id=person.id,
        name=person.name,
        powers=powers.narrowed(token.scopes, lineage),
        token=token.id,
        scopes=token.scopes,
        party=token.party,
        expires_at=token.expires_at,
    )


async def _by_cookie(office: Office, cookie: str) -> Caller:
    kept = await keep_session(office, cookie)
    if kept is None:
        raise Refusal("not_signed_in", f"This session has ended. {_SIGN_IN}")
    person = await _active(office, kept.session.administrator)
    grants = await office.people.grants_of(person.id)
    powers = Powers.of(grants, office.clock.wall_ns())
    ends = min((grant.ends_at for grant in grants if grant.ends_at), default=0)  # nor do tokens last longer that are made now
    actor = Actor(id=person.id, name=person.name, powers=powers, session=kept.session.id, party=EVERYTHING, expires_at=ends)
    return Caller(actor, kept.session.csrf, kept.cookie)


async def _active(office: Office, administrator: str) -> Administrator:
    try:
        person = await office.people.administrator(administrator, reach=EVERYWHERE)
    except Missing:
        raise Refusal("not_signed_in", f"This administrator is gone. {_SIGN_IN}") from None
    if person.disabled:
        raise Refusal("not_signed_in", "This administrator is disabled. Ask another one to change that.")
    return person


def check_csrf(operation: Operation, caller: Caller, headers: Mapping[str, str]) -> None:
    """A cookie goes along with whatever page sends something: a write needs what only our own pages know."""
    if operation.writes and caller.actor.session:
        sent = headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
            raise Refusal("csrf", f"Send the header {CSRF_HEADER} with the value `csrf` from GET /admin/v1/me.")


def admit(operation: Operation, actor: Actor) -> Reach:
    """Where this actor may call this operation. Raises for nowhere."""
    if operation.needs is Access.ANYONE:
        return ()
    if not actor.id:
        raise Refusal(
            "not_signed_in", f"This is not for everybody. {_SIGN_IN}", headers={"www-authenticate": 'Bearer realm="headworks"'}
        )
    if operation.session_only and not actor.session:
        raise Refusal("not_allowed", "A token cannot do this. Sign in with POST /admin/v1/session.")
    if isinstance(operation.needs, Access):
        return ()
    reach = actor.powers.reach(operation.needs)
    if not reach:
        raise Refusal(
            "not_allowed",
            f"{operation.name} needs the scope {operation.needs}, which you hold nowhere. Ask an owner for a role that has it.",
        )
    if operation.everywhere and reach != EVERYWHERE:
        raise Refusal(
            "not_allowed",
            f"{operation.name} concerns the whole installation, and you hold {operation.needs} on a part of it. "
            f"Ask an owner for a role on {EVERYTHING!r} that has it.",
        )
    return reach


def _host_of(written: str) -> str:
    found = _HOST.fullmatch(written.lower())
    return (found[1] or found[2]) if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
