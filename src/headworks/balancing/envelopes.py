"""What balancing goes by, made of a call. Strategies that don't look at the request never ask for it."""

from __future__ import annotations

from headworks.domain.call import Call
from headworks.domain.envelope import Envelope
from headworks.domain.facts import Facts
from headworks.domain.plan import Plan
from headworks.domain.queueing import class_of, deadline_of
from headworks.domain.snapshot import PROMPT

BEGINNING = 2048
"""Bytes of a prompt's beginning that tell it from others."""
_LEADS = ("tools", "system", "systemInstruction", "instructions", "messages", "contents", "input", "prompt", "query", "texts")
"""Fields of requests in the order in which models read them."""


def envelope_of(call: Call, plan: Plan, affinity: str | None = None) -> Envelope:
    """Of one call on its way to one model. `affinity` is another than whoever keeps coming back."""
    ask, principal = call.ask, call.principal
    assert ask is not None
    assert principal is not None
    most = ask.max_tokens if ask.max_tokens is not None else max([target.max_output for target in plan.targets])
    return Envelope(
        tenant=principal.tenant,
        affinity=affinity if affinity is not None else call.session or call.customer or principal.id,
        prompt_tokens=ask.prompt_tokens,
        output_tokens=most if call.cap is None else min(most, call.cap),
        streamed=ask.stream,
        priority=class_of(call, plan),
        deadline=deadline_of(call),
    )


def leads_of(call: Call) -> tuple[bytes, ...]:
    """The prompt as it came. Nothing is decoded."""
    assert call.ask is not None
    fields = call.ask.fields
    return tuple([bytes(fields[name]) for name in _LEADS if name in fields])


def hash_key(call: Call, plan: Plan) -> str:
    """What the strategy `hashed` goes by: the prompt's beginning, or the fact that the model names."""
    by = plan.model.hash_by
    return _beginning(call) if by == PROMPT else Facts(call, plan).group(by)


def _beginning(call: Call) -> str:
    """The first bytes of what the model reads first. Nothing is decoded, and no more of a long prompt is looked at."""
    assert call.ask is not None
    fields, left, parts = call.ask.fields, BEGINNING, list[str]()
    for name in _LEADS:
        raw = fields.get(name)
        if raw is not None and left > 0:
            piece = memoryview(raw)[:left]
            left -= len(piece)
            parts.append(str(piece, "utf-8", "replace"))
    return "\0".join(parts)
