"""What all languages share of putting a version's words and parameters into a request: fields nobody changes keep their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from headworks.dialects.fields import write_fields
from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.message import Conversation, Downgrade, ReasoningAsk
from headworks.domain.prompt import SPELLINGS, Said
from headworks.domain.shape import Parameters, Shape, Shaped

Place = tuple[str, ...]
"""Where a field is: its name, behind those of the objects that it is in."""
Places = Mapping[str, tuple[Place, ...]]
"""Canonical name of a parameter → where a language says it, the place to write it first."""
Fields = dict[str, Any]
"""Of a request or an object in it: undecoded, or what is to be encoded."""

EFFORT = "reasoning_effort"
BETWEEN = "\n\n"
"""What stands between what an operator and what a caller has the system say."""
_TEXT = msgspec.json.Decoder(str | None)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_TURNS = msgspec.json.Decoder(list[msgspec.Raw])
_PROMPTS = frozenset(("system", "developer"))


class _Turn(msgspec.Struct):
    role: str = ""


_ROLE = msgspec.json.Decoder(_Turn)
_SAMPLING = frozenset(("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty"))


def shaped(ask: Ask, shape: Shape, places: Places, put: Callable[[Fields, Shape], None]) -> Shaped:
    """The body of `ask` in this shape. `put` puts the words into the fields; what `places` lack is left unsaid."""
    fields: Fields = {name: value for name, value in ask.fields.items() if name not in SPELLINGS}
    if shape.said:
        put(fields, shape)
    defaults = {name: value for name, value in shape.defaults.items() if not _says(fields, places.get(name, ()))}
    wanted = {**defaults, **shape.fixed}
    for name, value in wanted.items():
        if name in places:
            _say(fields, places[name], value)
    return Shaped(write_fields(fields), {name: value for name, value in wanted.items() if name not in places})


def turns_of(fields: Fields, name: str) -> Sequence[msgspec.Raw]:
    """The turns of a conversation, undecoded. Raises `Fault` `invalid_request` where they are no list."""
    try:
        return _TURNS.decode(fields[name])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", f"'{name}' must be a list. Send one.", param=name) from None


def put_messages(fields: Fields, shape: Shape) -> None:
    """Put the words among `messages` that hold the system's too: those first, then the caller's, and turns before all other turns."""
    said = turns_of(fields, "messages")
    prompts = _leading_prompts(said) if shape.turns else 0
    system = [{"role": "system", "content": shape.system}] if shape.system else []
    fields["messages"] = [*system, *said[:prompts], *map(plain_turn, shape.turns), *said[prompts:]]


def plain_turn(said: Said) -> dict[str, str]:
    """A turn as most languages write one."""
    return {"role": said.role, "content": said.text}


def opened(value: Any, name: str) -> Fields:
    """The fields of an object, undecoded; none where there is none. Raises `Fault` `invalid_request` where it is something else."""
    if isinstance(value, dict):
        return value
    try:
        return {**(_OBJECT.decode(value) or {})} if value is not None else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", f"'{name}' must be an object. Send one.", param=name) from None


def before(fields: Fields, name: str, text: str) -> str:
    """A text, and behind it what the field of that name says. Raises `Fault` `invalid_request` where that is no text."""
    try:
        own = _TEXT.decode(fields[name]) if name in fields else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("invalid_request", f"'{name}' must be a text. Send one.", param=name) from None
    return f"{text}{BETWEEN}{own}" if own else text


def with_unsaid(talk: Conversation, unsaid: Parameters) -> Conversation:
    """A conversation with the parameters for which its caller's language has no word."""
    known: dict[str, Any] = {name: value for name, value in unsaid.items() if name in _SAMPLING}
    changes: dict[str, Any] = {"sampling": msgspec.structs.replace(talk.sampling, **known)} if known else {}
    if "stop" in unsaid:
        changes["stop"] = unsaid["stop"]
    if EFFORT in unsaid:
        changes["reasoning"] = ReasoningAsk(enabled=unsaid[EFFORT] != "none", effort=str(unsaid[EFFORT]))
    return msgspec.structs.replace(talk, **changes)


def unsayable(unsaid: Parameters, dialect: str) -> tuple[Downgrade, ...]:
    """What becomes of them where the target speaks the caller's language."""
    return tuple(Downgrade(name, f"left out: the version sets it, and {dialect} has no word for it") for name in unsaid)


def _leading_prompts(turns: Sequence[msgspec.Raw]) -> int:
    """How many of the first turns are the system's."""
    for place, turn in enumerate(turns):
        try:
            if _ROLE.decode(turn).role not in _PROMPTS:
                return place
        except (msgspec.DecodeError, UnicodeDecodeError):
            return place  # its provider says best what is wrong with it
    return len(turns)


def _says(fields: Fields, places: tuple[Place, ...]) -> bool:
    return any(_is_said(fields, place) for place in places)


def _is_said(fields: Fields, place: Place) -> bool:
    *objects, name = place
    for each in objects:
        fields = opened(fields.get(each), each)
    return name in fields and (isinstance(fields[name], dict) or bytes(fields[name]) != b"null")


def _say(fields: Fields, places: tuple[Place, ...], value: object) -> None:
    for place in places:
        *objects, name = place
        inner = fields
        for each in objects:
            if place is not places[0] and each not in inner:
                break
            inner[each] = inner = {**opened(inner.get(each), each)}
        else:
            inner.pop(name, None)
            if place is places[0]:
                inner[name] = value
