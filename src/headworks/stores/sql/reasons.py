"""Why a database cannot be used, in words: what may pass by itself, and what somebody has to mend."""

from __future__ import annotations

import msgspec
from sqlalchemy.exc import DBAPIError

_DENIED = "Give this user the right to make and to write tables there, or name another one in `database`."
_BY_STATE = {
    "28P01": "Mend user and password in `database`.",
    "28000": "Let this user in (pg_hba.conf), or name another one in `database`.",
    "3D000": "Make the database (createdb), or name another one in `database`.",
    "42501": _DENIED,
}
"""By PostgreSQL's codes."""
_BY_WORDS = {
    "unable to open database file": "Make its directory and give it to this user, or name another file in `database`.",
    "file is not a database": "Name another file in `database`.",
    "readonly database": "Give file and directory to this user, or name another file in `database`.",
    "`sslmode` parameter": "Mend sslmode in `database`.",
}
"""By what SQLite and the driver say, which have no codes for it."""


class Reason(msgspec.Struct, frozen=True):
    """`what` holds neither the statement nor its values. `remedy` is empty for what may pass by itself."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}" if self.remedy else self.what


def reason_of(trouble: Exception) -> Reason:
    """Of what the database or its driver raised."""
    origin = trouble.orig if isinstance(trouble, DBAPIError) and trouble.orig is not None else trouble
    what = _words(origin)
    state = str(getattr(origin, "pgcode", None) or "")
    found = (remedy for words, remedy in _BY_WORDS.items() if words in what)
    return Reason(what, _BY_STATE.get(state) or next(found, ""))


def _words(origin: BaseException) -> str:
    if isinstance(origin, TimeoutError):
        return "it does not answer in time"
    said = (origin.strerror if isinstance(origin, OSError) else None) or str(origin)
    return said.rpartition(">: ")[2].strip().rstrip(".") or type(origin).__name__
