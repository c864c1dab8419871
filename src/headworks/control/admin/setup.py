"""The first administrator: by a link that is printed once and good for one hour and one use."""

from __future__ import annotations

from headworks.control.admin.office import Office
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.problems import Refusal
from headworks.control.admin.sessions import digest_of, open_session, random_text
from headworks.control.admin.signing_in import me_of
from headworks.domain.administration import EVERYTHING, Administrator, Powers, Role, RoleGrant
from headworks.domain.administration.wire.people import Setup
from headworks.ports.records import Missing

LINK_LIFE = 3600 * 1_000_000_000
PAGE = "/admin/setup"


async def offer_setup(office: Office) -> str:
    """The path of a fresh link, or nothing where there is an administrator. The secret stands behind a `#`: browsers send it nowhere."""
    if await office.people.is_founded():
        return ""
    link, now = random_text(office), office.clock.wall_ns()
    await office.people.put_link(office.new_id("inv"), digest_of(link), now=now, expires_at=now + LINK_LIFE)
    return f"{PAGE}#{link}"


async def set_up(act: Act) -> Answer:
    """Use the link up, and sign in."""
    asked = act.asked(Setup)
    if wait := act.office.attempts.wait("", act.peer):  # nobody guesses 256 bits, but each try costs a fifth of a second
        raise Refusal("too_many", f"Try again in {wait} seconds.", headers={"retry-after": str(wait)})
    act.office.attempts.failed("", act.peer)
    now = act.now()
    owner = Administrator(
        id=act.office.new_id("adm"),
        name=asked.name,
        password=await act.office.passwords.verifier(asked.password),
        created_at=now,
        updated_at=now,
    )
    grant = RoleGrant(
        id=act.office.new_id("grant"),
        administrator=owner.id,
        role=Role.OWNER,
        party=EVERYTHING,
        created_at=now,
        created_by=owner.id,
    )
    facts = act.facts(actor=owner.id, by=owner.name)
    try:
        await act.office.people.found(owner, grant, link=digest_of(asked.link), audit=facts)
    except Missing:
        raise Refusal(
            "not_allowed", "This link is used, expired or not ours. Restart the control plane for another one, or sign in."
        ) from None
    act.office.attempts.succeeded("", act.peer)
    session, cookie = await open_session(act.office, owner, act.peer, facts)
    return Answer(me_of(owner.id, owner.name, Powers.of([grant], now), session.csrf), cookie=cookie)
