"""Whether pepper and master key are there, and fit what the database keeps. None is made and none is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from headworks.cli.doctor_checks import Finding, Severity
from headworks.domain.counted import counted
from headworks.domain.secret import SealedSecret
from headworks.identity import Pepper, PepperRefused, peppers_of
from headworks.identity.pepper import FILE as PEPPER_FILE
from headworks.identity.pepper import VARIABLE as PEPPER
from headworks.secrets import MasterRefused, masters_of
from headworks.secrets.master import FILE as MASTER_FILE
from headworks.secrets.master import VARIABLE as MASTER
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.secrets import SqlSecrets
from headworks.stores.sql.wanted import WANTED
from headworks.wiring.clock import SystemClock
from headworks.wiring.fetch import post
from headworks.wiring.peppers import disagreement, kept_fingerprint
from headworks.wiring.seals import seals_of


async def key_findings(
    database: Database, directory: Path, environment: Mapping[str, str], version: str
) -> AsyncIterator[Finding]:
    """`version`: of the database's tables. `directory` is where the journal is."""
    try:
        peppers = _peppers(database, directory, environment)
        seals_of(environment, peppers)
    except (PepperRefused, ValueError, OSError) as refused:
        yield Finding(Severity.BAD, "keys cannot be looked up", str(refused), hinders=True)
        return
    made = version >= WANTED
    kept = await kept_fingerprint(database, SystemClock()) if made else ""
    yield _pepper(peppers, kept, shared=not database.is_sqlite)
    try:
        sealed = await _sealed(database, environment, peppers) if made else ()
        yield _master(sealed, _masters(database, directory, environment))
    except MasterRefused as refused:
        yield Finding(Severity.BAD, "secrets cannot be opened", str(refused))


def _peppers(database: Database, directory: Path, environment: Mapping[str, str]) -> tuple[Pepper, ...]:
    """Empty where the first start will make one."""
    made_here = database.is_sqlite and not environment.get(PEPPER)
    if made_here and not (directory / PEPPER_FILE).exists():
        return ()
    return peppers_of(directory, environment, shared=not database.is_sqlite)


def _pepper(peppers: Sequence[Pepper], kept: str, *, shared: bool) -> Finding:
    if not peppers:
        if not kept:
            return Finding(Severity.FINE, "there is no pepper yet: the first start makes it")
        remedy = f"Restore the file `{PEPPER_FILE}` in the data directory, or set {PEPPER} to what it was."
        return Finding(Severity.BAD, f"the pepper {kept}, with which the keys here were made, is gone", remedy)
    wrong = disagreement(kept, peppers)
    if wrong:
        return Finding(Severity.BAD, "the pepper is another than that of the keys here", wrong, hinders=shared)
    return Finding(Severity.FINE, f"the pepper {peppers[0].fingerprint} " + ("fits the keys here" if kept else "can be used"))


def _masters(database: Database, directory: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Fingerprints. Empty where there is no master key yet. Raises `MasterRefused`."""
    if not environment.get(MASTER) and not (database.is_sqlite and (directory / MASTER_FILE).exists()):
        return ()
    return tuple(master.id for master in masters_of(directory, environment, shared=not database.is_sqlite, post=post))


async def _sealed(database: Database, environment: Mapping[str, str], peppers: Sequence[Pepper]) -> Sequence[SealedSecret]:
    """All owners' secrets."""
    seals = seals_of(environment, peppers)
    return await SqlSecrets(database, Acts(database, SystemClock(), seals[0])).all() if seals else ()


def _master(sealed: Sequence[SealedSecret], masters: Sequence[str]) -> Finding:
    lost = [secret for secret in sealed if secret.master not in masters]
    if lost:
        names = ", ".join(sorted({secret.ref.name for secret in lost}))
        under = ", ".join(sorted({secret.master for secret in lost}))
        remedy = f"Give back in {MASTER}, or the file `{MASTER_FILE}` of the data directory, what they were kept with."
        return Finding(Severity.BAD, f"no master key at hand opens {names} (wrapped under {under})", remedy)
    if sealed:
        return Finding(Severity.FINE, f"the master key fits {counted(len(sealed), 'secret')}")
    return Finding(
        Severity.FINE, "the master key can be used" if masters else "no secrets are kept, and there is no master key yet"
    )
