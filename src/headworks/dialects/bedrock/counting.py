"""CountTokens: how many tokens a Converse request has."""

from __future__ import annotations

import msgspec

from headworks.dialects.bedrock.request import OWN_MODEL_FIELDS, write_request
from headworks.domain.message import Conversation, Downgrade
from headworks.domain.target import Target

_READ = ("messages", "system", "toolConfig", OWN_MODEL_FIELDS)
"""What a model reads of a Converse request."""


class _Answer(msgspec.Struct):
    inputTokens: int  # noqa: N815 - the wire's name


_ANSWER = msgspec.json.Decoder(_Answer)


def write_ask(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it."""
    body, losses = write_request(talk, target)
    asked = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({"input": {"converse": {name: asked[name] for name in _READ if name in asked}}}), losses


def read_answer(body: bytes) -> int:
    """The count, of whatever was asked about."""
    return _ANSWER.decode(body).inputTokens
