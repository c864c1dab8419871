"""A version's words and parameters in a generateContent request: the system's are the first part of `systemInstruction`, turns go before
all contents.
"""

from __future__ import annotations

import msgspec

from headworks.dialects.gemini.ask import config_of
from headworks.dialects.gemini.config_in import CONFIG
from headworks.dialects.shaping import EFFORT, Fields, Places, opened, shaped, turns_of
from headworks.domain.call import Ask
from headworks.domain.prompt import Said
from headworks.domain.shape import Shape, Shaped

_PLACES: Places = {
    **{
        name: ((CONFIG, field),)
        for name, field in (
            ("temperature", "temperature"),
            ("top_p", "topP"),
            ("top_k", "topK"),
            ("seed", "seed"),
            ("frequency_penalty", "frequencyPenalty"),
            ("presence_penalty", "presencePenalty"),
            ("max_tokens", "maxOutputTokens"),
            ("stop", "stopSequences"),
        )
    },
    EFFORT: ((CONFIG, "thinkingConfig", "thinkingLevel"),),
}
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])


def shape_content(ask: Ask, shape: Shape) -> Shaped:
    """See `Front.shape`."""
    own = config_of(ask.fields)
    known = msgspec.structs.replace(ask, fields={**ask.fields, CONFIG: own}) if own else ask
    return shaped(known, shape, _PLACES, _put)


def _put(fields: Fields, shape: Shape) -> None:
    if shape.system:
        fields["systemInstruction"] = _system(fields.get("systemInstruction"), shape.system)
    if shape.turns:
        fields["contents"] = [*map(_content, shape.turns), *turns_of(fields, "contents")]


def _content(said: Said) -> Fields:
    return {"role": "model" if said.role == "assistant" else "user", "parts": [{"text": said.text}]}


def _system(own: msgspec.Raw | None, text: str) -> Fields:
    """The caller's may be a bare text, one part or many."""
    if own is not None and bytes(own).startswith(b'"'):
        return {"parts": [{"text": text}, {"text": own}]}
    content = opened(own, "systemInstruction")
    parts = content.get("parts")
    if parts is None:
        return {**content, "parts": [{"text": text}]}
    listed = _PARTS.decode(parts) if bytes(parts).startswith(b"[") else [parts]
    return {**content, "parts": [{"text": text}, *listed]}
