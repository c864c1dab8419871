"""One pepper for all who share a database: its fingerprint is kept there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from headworks.identity import Pepper, PepperRefused
from headworks.ports.clock import Clock
from headworks.stores.sql.engine import Database
from headworks.stores.sql.installation import Installation
from headworks.stores.sql.version import version_of
from headworks.wiring.voice import say

_NAME = "pepper"


async def keep_pepper(database: Database, peppers: Sequence[Pepper], clock: Clock) -> None:
    """Who has made the tables says which pepper counts; a pepper that is being replaced gives way to its successor."""
    first, *replaced = (pepper.fingerprint for pepper in peppers)
    try:
        kept = await Installation(database, clock).agree(_NAME, first, replaces=tuple(replaced))
    except (SQLAlchemyError, OSError) as trouble:
        say(f"the pepper's fingerprint could not be kept in {database} ({type(trouble).__name__}): the next start tries again")
        return
    if kept != first:
        say(_other(kept, first))


async def check_pepper(database: Database, peppers: Sequence[Pepper], clock: Clock) -> None:
    """A gateway among several that has another pepper than they knows none of their keys: raises `PepperRefused`. On one machine, where
    a lost pepper is lost, it is said, and other callers are served. A database that does not answer is for later.
    """
    try:
        kept = await kept_fingerprint(database, clock)
    except (SQLAlchemyError, OSError):
        return
    wrong = disagreement(kept, peppers)
    if wrong and not database.is_sqlite:
        raise PepperRefused(wrong)
    if wrong:
        say(wrong)


async def kept_fingerprint(database: Database, clock: Clock) -> str:
    """Of the pepper that counts; empty where none is kept yet."""
    return await Installation(database, clock).value(_NAME) if await version_of(database) else ""


def disagreement(kept: str, peppers: Sequence[Pepper]) -> str:
    """What is wrong where `kept` is another pepper's fingerprint; empty where it is none."""
    fingerprints = [pepper.fingerprint for pepper in peppers]
    return _other(kept, fingerprints[0]) if kept and kept not in fingerprints else ""


def _other(kept: str, own: str) -> str:
    return (
        f"The keys in this database were made with the pepper {kept}, and the one here is {own}: none of them is known. "
        "Set HEADWORKS_PEPPER, or the file `pepper` in the data directory, to what it was. If it is lost, so are the keys; then delete "
        "the row 'pepper' of the table `installation` and make new ones."
    )
