"""What a form with files may hold, and what its files come to."""

from __future__ import annotations

import msgspec

from headworks.domain.body import Form
from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.kind import HEARING, Kind
from headworks.domain.sound import TOKENS_PER_SECOND, likely_seconds, most_seconds

MARGIN = 2
"""How many times the usual tokens of a second of sound are set aside."""
SPOKEN_TOKENS = 40
"""Output tokens of a second of sound at most: said fast, and with who said it when."""
_FILES = {kind: frozenset(("file",)) for kind in HEARING}
"""Names of files, by kind."""


def measured(call: Call, ask: Ask) -> Ask:
    """The same with what the sound in its form likely comes to. Raises `Fault` where a form holds other files than it may."""
    form = call.body.form
    if form is None:
        raise Fault(
            "unsupported_media_type",
            f"A request for {call.kind} is a form with a file. Send it as multipart/form-data.",
            param="file",
        )
    refuse_other_files(call.kind, form)
    seconds = sum(likely_seconds(file.head, form.most if file.size is None else file.size) for file in form.files)
    return msgspec.structs.replace(ask, seconds=seconds, prompt_tokens=ask.prompt_tokens + seconds * TOKENS_PER_SECOND)


def refuse_other_files(kind: Kind, form: Form) -> None:
    """Raise `Fault` `invalid_request` for a file in the place of a field: some servers would read it as that."""
    for file in form.files:
        if file.name not in _FILES[kind]:
            known = ", ".join(f"'{name}'" for name in sorted(_FILES[kind]))
            raise Fault(
                "invalid_request",
                f"The field '{file.name}' must be no file. Send it without a filename; files are {known} here.",
                param=file.name,
            )


def most_heard(form: Form) -> int:
    """Seconds of sound in a form, at most."""
    return sum(most_seconds(file.head, form.most if file.size is None else file.size) for file in form.files)
