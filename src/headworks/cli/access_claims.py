"""Whose access is asked about, by the claims that a token of theirs would hold: judged as the gateway does once the signature holds."""

from __future__ import annotations

import ssl
from pathlib import Path

import msgspec

from headworks.cli.access_holders import Holder
from headworks.cli.settings import misuse
from headworks.domain.errors import Fault
from headworks.domain.issuer import Issuer
from headworks.domain.principal import Principal
from headworks.domain.records import NO_BOUNDS
from headworks.identity.principals import Compiler
from headworks.journey.access import Level
from headworks.wiring.clock import SystemClock
from headworks.wiring.compile import Compiled
from headworks.wiring.process_exits import Exit

_NS = 10**9
Claims = dict[str, object]


def claims_in(text: str, file: Path | None) -> Claims:
    """Those of the option, or those of the file. Ends the command where they are none."""
    try:
        written = text or (file.read_text("utf-8") if file is not None else "")
    except (OSError, UnicodeDecodeError) as trouble:
        misuse(f"--token-claims {file}: it cannot be read ({type(trouble).__name__}).")
    try:
        return msgspec.json.decode(written, type=Claims)
    except msgspec.DecodeError:
        misuse(
            'These are no claims: write a JSON object such as {"iss": "https://login.example.com", "sub": "ann"}, not a token.'
        )


def claimant(config: Path | None, compiled: Compiled, claims: Claims) -> Holder | None:
    """Whom the gateway would take the bearer for, by the issuers of the configuration and the parties of the database. None where the
    database could not be asked, which has been told.
    """
    issuers = compiled.snapshot.identity.issuers
    issuer = issuers.get(str(claims.get("iss")))
    if issuer is None:
        known = ", ".join(issuers) or "none; add one under identity.issuers"
        return _nobody("a token", f"The configuration trusts no issuer of that name ('iss'). Known: {known}.")
    return _vouched(config, claims, issuer)


def certified(config: Path | None, compiled: Compiled, file: Path) -> Holder | None:
    """Whom the gateway would take a client with this certificate for. That its authority has signed it is not looked at."""
    from headworks.identity.certificates import claims_of  # noqa: PLC0415 - what reads certificates is large

    try:
        der = ssl.PEM_cert_to_DER_cert(file.read_text("utf-8"))
        claims = dict(claims_of(der))
    except (OSError, ValueError, Fault) as trouble:
        misuse(f"--certificate {file}: it is no certificate in PEM ({type(trouble).__name__}).")
    trusted = compiled.snapshot.identity.certificates
    if trusted is None:
        return _nobody(
            "a client certificate", "The configuration says of no certificate whom it speaks for: identity.certificates."
        )
    return _vouched(config, claims, trusted)


def _vouched(config: Path | None, claims: Claims, issuer: Issuer) -> Holder | None:
    found: list[Holder] = []
    try:
        code = _asked(config, claims, issuer, found)
    except Fault as refused:
        return _nobody(issuer.title, refused.message)
    return found[0] if code == Exit.OK else None


def _asked(config: Path | None, claims: Claims, issuer: Issuer, found: list[Holder]) -> Exit | int:
    """Raises `Fault`."""
    from headworks.cli.database import on_database  # noqa: PLC0415 - SQL takes a third of a second to import
    from headworks.identity.bearers import bearer  # noqa: PLC0415 - likewise
    from headworks.identity.claims import place_of  # noqa: PLC0415 - tokens take what verifies them along
    from headworks.identity.gate import Gate, Lost  # noqa: PLC0415 - likewise
    from headworks.identity.judging import judge  # noqa: PLC0415 - likewise
    from headworks.identity.jwt import ends_at, refused  # noqa: PLC0415 - likewise
    from headworks.stores.sql.engine import Database  # noqa: PLC0415 - likewise
    from headworks.stores.sql.records import SqlLookups  # noqa: PLC0415 - likewise
    from headworks.stores.sql.version import Behind, check  # noqa: PLC0415 - likewise

    clock = SystemClock()
    if issuer.vouches_by == "token":
        judge(claims, issuer, clock.wall_ns() / _NS)
    elif ends_at(claims) <= clock.wall_ns() / _NS:
        raise refused("It has expired.", issuer.vouches_by)

    async def work(database: Database) -> int:
        try:
            await check(database)
            lineage, _ = await place_of(claims, issuer, Gate(SqlLookups(database, clock), clock))
        except (Behind, Lost) as trouble:
            raise OSError(*trouble.args) from None
        standing = Compiler().standing_of(lineage)
        level = Level(issuer.title, NO_BOUNDS)
        levels = (*(Level(f"{party.kind} {party.name}", party.bounds) for party in lineage), level)
        if standing is None:
            found.append(
                Holder(_unknown(issuer.name), levels, f"This {issuer.vouches_by} opens nothing: a level above it is disabled.")
            )
        else:
            found.append(Holder(bearer(claims, issuer, standing), levels))
        return Exit.OK

    return on_database(config, work)


def _nobody(name: str, trouble: str) -> Holder:
    return Holder(_unknown(name), (Level(name, NO_BOUNDS),), trouble)


def _unknown(name: str) -> Principal:
    return Principal(id="", name=name, levels=((),))
