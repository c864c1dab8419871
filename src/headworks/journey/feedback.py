"""Feedback on answers: heard, written down, and answered at once. Whose answer it is about is for those to see who read the records."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Call
from headworks.domain.feedback import Feedback, read_feedback
from headworks.domain.reply import Reply

_JSON = (b"content-type", b"application/json")


async def heard(call: Call) -> Call:
    """The call with what it says, once it has said it. Raises `Fault` `invalid_request`."""
    return msgspec.structs.replace(call, feedback=read_feedback(await call.body.read()))


def acknowledged(call: Call, feedback: Feedback) -> Reply:
    """The same for every id, known or not: nobody learns which exchanges others had."""
    told = {
        "id": call.id,
        "object": "feedback",
        "request_id": feedback.exchange,
        "score": feedback.score,
        "label": feedback.label,
    }
    return Reply.of(202, [_JSON], msgspec.json.encode(told))
