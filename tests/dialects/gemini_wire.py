"""What the tests of Gemini's language share."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.gemini import Gemini
from headworks.domain.call import Ask, Kind
from headworks.domain.target import SentModel, Target
from headworks.domain.where import Form, Where
from headworks.testing import sample_target

Json = dict[str, Any]

DIALECT = Gemini()
MODEL = "gemini-2.5-flash"


def target(model: str = MODEL) -> Target:
    """A target that speaks Gemini."""
    return sample_target("there/x", dialect="gemini", model=SentModel(model), max_output=4096)


def ask(body: Json, kind: Kind = Kind.CHAT, form: Form = Form.WHOLE) -> Ask:
    """A request as the gateway first reads it."""
    return DIALECT.read_ask(kind, msgspec.json.encode(body), Where(f"models/{MODEL}", form))


def question(text: str = "Hello") -> Json:
    """The smallest request."""
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}
