"""What a form with files may hold, and what its files come to."""

from __future__ import annotations

import re

import msgspec

from headworks.domain.body import Form, Replay
from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.form import MOST_FILES
from headworks.domain.kind import HEARING, Kind
from headworks.domain.sound import TOKENS_PER_SECOND, likely_seconds, most_seconds

MARGIN = 2
"""How many times the usual tokens of a second of sound are set aside."""
SPOKEN_TOKENS = 40
"""Output tokens of a second of sound at most: said fast, and with who said it when."""
USUAL_PICTURE = 1_024
"""Input tokens of a picture to go by."""
PICTURES = frozenset(("image", "images", "mask", "image[]"))
"""Fields of pictures to go by."""
_SOUND = re.compile(r"file").fullmatch
_PICTURE = re.compile(r"image(?:\[\d{0,3}\])?|mask").fullmatch
_FILES = {**dict.fromkeys(HEARING, _SOUND), Kind.IMAGE_EDITS: _PICTURE, Kind.IMAGE_VARIATIONS: _PICTURE}
"""Names of files, by kind."""
_KNOWN = {
    **dict.fromkeys(HEARING, "'file'"),
    Kind.IMAGE_EDITS: "'image', 'image[]' and 'mask'",
    Kind.IMAGE_VARIATIONS: "'image'",
}
"""The same in words."""
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def measured(call: Call, ask: Ask) -> Ask:
    """The same with what its files likely come to. Raises `Fault` where a form holds other files than it may, or is none and must be."""
    form = call.body.form
    if form is not None:
        _refuse_other_files(call.kind, ask, form)
    elif call.kind is not Kind.IMAGE_EDITS:
        raise Fault(
            "unsupported_media_type",
            f"A request for {call.kind} is a form with a file. Send it as multipart/form-data.",
            param="image" if call.kind is Kind.IMAGE_VARIATIONS else "file",
        )
    if form is None or call.kind not in HEARING:
        return msgspec.structs.replace(ask, prompt_tokens=ask.prompt_tokens + pictures_given(call, ask) * USUAL_PICTURE)
    seconds = sum(likely_seconds(file.head, form.most if file.size is None else file.size) for file in form.files)
    return msgspec.structs.replace(ask, seconds=seconds, prompt_tokens=ask.prompt_tokens + seconds * TOKENS_PER_SECOND)


def _refuse_other_files(kind: Kind, ask: Ask, form: Form) -> None:
    """Raise `Fault` `invalid_request` for a file in the place of a field, and for a field in the place of a file: some servers would
    read the one as the other.
    """
    files = {file.name for file in form.files}
    for name in files:
        if not _FILES[kind](name):
            raise Fault(
                "invalid_request",
                f"The field '{name}' must be no file. Send it without a filename; files are {_KNOWN[kind]} here.",
                param=name,
            )
    for name in ask.fields.keys() - files:
        if _FILES[kind](name) or name in PICTURES:
            raise Fault("invalid_request", f"The field '{name}' must be a file: give it a filename.", param=name)


def pictures_given(call: Call, ask: Ask) -> int:
    """How many pictures a request to change some holds, at most."""
    form = call.body.form
    if form is not None:
        return MOST_FILES if call.body.replay is Replay.LIVE else len(form.files)
    return sum(_listed(ask.fields[name]) for name in PICTURES & ask.fields.keys())


def _listed(value: msgspec.Raw) -> int:
    """Of a field: one, or a list of them."""
    try:
        return len(_LIST.decode(value))
    except msgspec.DecodeError:
        return 1


def most_heard(form: Form) -> int:
    """Seconds of sound in a form, at most."""
    return sum(most_seconds(file.head, form.most if file.size is None else file.size) for file in form.files)
