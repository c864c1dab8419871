"""A same-dialect body for one target: the fields as they came, but for the model, the output cap and the stream options."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.bounds import EXAMPLE
from headworks.dialects.fields import write_fields
from headworks.dialects.openai_chat.call_ids import fit_carried
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.target import Quirks, Target

_ANSWERED = frozenset((Kind.CHAT, Kind.COMPLETIONS))
"""What is answered in tokens, and can be streamed."""
_CAPS = ("max_completion_tokens", "max_tokens")
_USAGE_WANTED = msgspec.Raw(b'{"include_usage":true}')
_USER = msgspec.Raw(b'"user"')
_MESSAGES = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def patch(kind: Kind, ask: Ask, target: Target, cap: int | None) -> bytes:
    """The body for `target`. All values that are not patched keep their bytes."""
    fields: dict[str, Any] = {**ask.fields, "model": target.model}
    quirks = target.quirks
    if kind in _ANSWERED:
        if cap is not None and (ask.max_tokens is None or cap < ask.max_tokens):
            _lower(fields, cap, quirks)
        if ask.stream and quirks.stream_usage and not ask.include_usage:
            fields["stream_options"] = _with_usage(fields.get("stream_options"))
    if quirks is not _PLAIN and quirks != _PLAIN:
        _adapt(fields, kind, quirks)
    return write_fields(fields)


_PLAIN = Quirks()


def has_later_prompts(ask: Ask) -> bool:
    """Whether system messages come after the first message. Raises `Fault` `invalid_request` where they are no messages."""
    try:
        return any(_is_system(turn) for turn in _MESSAGES.decode(ask.fields.get("messages", b"[]"))[1:])
    except msgspec.DecodeError:
        raise Fault("invalid_request", f"messages must be a list such as {EXAMPLE}.", param="messages") from None


def _lower(fields: dict[str, Any], cap: int, quirks: Quirks) -> None:
    said = [name for name in _CAPS if name in fields]
    for name in said or (quirks.max_tokens_field or _CAPS[0],):
        fields[name] = cap


def _with_usage(options: msgspec.Raw | None) -> Any:
    """Stream options that ask for usage, whatever else they ask for."""
    if options is None or len(options) <= 4:  # noqa: PLR2004 - nothing, `null` or `{}`
        return _USAGE_WANTED
    return {**msgspec.json.decode(options), "include_usage": True}


def _adapt(fields: dict[str, Any], kind: Kind, quirks: Quirks) -> None:
    """What this provider wants otherwise."""
    wanted = quirks.max_tokens_field
    if wanted and kind is Kind.CHAT:
        said = [fields.pop(name) for name in _CAPS if name in fields]
        if said:
            fields[wanted] = said[0]
    if quirks.seed_field and "seed" in fields:
        fields[quirks.seed_field] = fields.pop("seed")
    if quirks.dimensions_field and "dimensions" in fields:
        fields[quirks.dimensions_field] = fields.pop("dimensions")
    for name in quirks.drop:
        fields.pop(name, None)
    messages = fields.get("messages")
    if messages is not None and not quirks.developer_role:
        fields["messages"] = messages = _without_developer(messages)
    if messages is not None and quirks.no_system_after_first:
        fields["messages"] = messages = _system_first(messages)
    if messages is not None and quirks.call_id_length:
        fields["messages"] = fit_carried(messages, quirks.call_id_length)


def _without_developer(messages: msgspec.Raw) -> msgspec.Raw:
    """A quote inside a string is always escaped, so these bytes are a field and its value wherever they stand."""
    raw = bytes(messages)
    for old, new in ((b'"role":"developer"', b'"role":"system"'), (b'"role": "developer"', b'"role": "system"')):
        raw = raw.replace(old, new)
    return msgspec.Raw(raw)


def _system_first(messages: msgspec.Raw) -> msgspec.Raw:
    """System messages after the first message are said as a user's."""
    turns = _MESSAGES.decode(messages)
    later = [{**turn, "role": _USER} if _is_system(turn) else turn for turn in turns[1:]]
    return msgspec.Raw(msgspec.json.encode([*turns[:1], *later]))


def _is_system(turn: dict[str, msgspec.Raw]) -> bool:
    return bytes(turn.get("role", b"")) in {b'"system"', b'"developer"'}
