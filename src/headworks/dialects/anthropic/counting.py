"""How many tokens a conversation has: asked in Anthropic's own form, or in the one that AWS wraps around it."""

from __future__ import annotations

import base64

import msgspec

from headworks.dialects.anthropic.framed import FRAMING
from headworks.dialects.anthropic.request_out import write_request
from headworks.domain.message import Conversation, Downgrade, JsonObject
from headworks.domain.target import Target

_READ = ("messages", "system", "tools", "tool_choice", "thinking", "output_config")
"""What a model reads of a request."""
_CAP = 4096
"""What AWS is told of the answer's length, because it wants to hear something."""


class _Answer(msgspec.Struct):
    input_tokens: int


class _FramedAnswer(msgspec.Struct):
    inputTokens: int  # noqa: N815 - the wire's name


_ANSWER, _FRAMED_ANSWER = msgspec.json.Decoder(_Answer), msgspec.json.Decoder(_FramedAnswer)


def write_ask(talk: Conversation, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
    """The body for `target`, and what could not be said in it."""
    body, losses = write_request(talk, target)
    asked: JsonObject = msgspec.json.decode(body)
    if target.quirks.framing == FRAMING:
        return _framed(asked), losses
    read = {name: asked[name] for name in _READ if name in asked}
    return msgspec.json.encode({"model": target.model, **read}), losses


def read_answer(body: bytes, target: Target) -> int:
    """The count."""
    if target.quirks.framing == FRAMING:
        return _FRAMED_ANSWER.decode(body).inputTokens
    return _ANSWER.decode(body).input_tokens


def _framed(asked: JsonObject) -> bytes:
    """As InvokeModel is asked it, which wants a cap above what may be thought."""
    thinking = asked.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    asked["max_tokens"] = max(_CAP, budget + 1) if isinstance(budget, int) else _CAP
    said = base64.b64encode(msgspec.json.encode(asked)).decode()
    return msgspec.json.encode({"input": {"invokeModel": {"body": said}}})
