"""A server of Gemini's generateContent."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.grid.answers import LOGPROB, URL, Said, data, pieces

Json = dict[str, Any]

_FINISH = {StopReason.MAX_TOKENS: "MAX_TOKENS", StopReason.REFUSAL: "SAFETY"}
_HEAD: Json = {"modelVersion": "gemini-2.5-flash", "responseId": "r-1"}
_ERROR: Json = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}


class Gemini:
    """See `Server`. Its calls have no ids, and what it signs is its own."""

    name = "gemini"
    cannot: frozenset[str] = frozenset(("sequence", "words of refusal"))

    def whole(self, said: Said) -> bytes:
        return msgspec.json.encode(_chunk(_parts(said), said))

    def streamed(self, said: Said) -> bytes:
        chunks: list[Json] = []
        for part in _parts(said):
            if "text" in part:
                cut: list[Json] = [part | {"text": piece} for piece in pieces(part["text"])]
                for each in cut[:-1]:
                    each.pop("thoughtSignature", None)
                chunks += [_chunk([each]) for each in cut]
            else:
                chunks.append(_chunk([part]))
        return data(*chunks, _chunk([], said))

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [], msgspec.json.encode(_ERROR)

    def broken(self) -> bytes:
        return data(_chunk([{"text": "Well"}]), {"error": {"code": 500, "message": "It broke.", "status": "INTERNAL"}})


def _parts(said: Said) -> list[Json]:
    parts: list[Json] = []
    if said.thought:
        signature = {"thoughtSignature": said.signature} if said.signature else {}
        parts.append({"text": said.thought, "thought": True, **signature})
    if said.text:
        parts.append({"text": said.text})
    return [*parts, *({"functionCall": {"name": call.name, "args": call.arguments}} for call in said.calls)]


def _chunk(parts: list[Json], last: Said | None = None) -> Json:
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if last is None:
        return {"candidates": [candidate], **_HEAD}
    candidate["finishReason"] = _FINISH.get(last.stop, "STOP")
    if last.cited:
        candidate["groundingMetadata"] = _grounding(last.text)
    if last.likely:
        token = {"token": last.text, "logProbability": LOGPROB}
        candidate["logprobsResult"] = {"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]}
    return {"candidates": [candidate], "usageMetadata": _usage(last), **_HEAD}


def _grounding(text: str) -> Json:
    segment = {"startIndex": 0, "endIndex": len(text.encode()), "text": text}
    support = {"segment": segment, "groundingChunkIndices": [0]}
    return {"groundingChunks": [{"web": {"uri": URL, "title": "A source"}}], "groundingSupports": [support]}


def _usage(said: Said) -> Json:
    counted = said.usage
    usage: Json = {
        "promptTokenCount": counted.input,
        "candidatesTokenCount": counted.output - counted.reasoning,
        "totalTokenCount": counted.input + counted.output,
    }
    told = {"thoughtsTokenCount": counted.reasoning, "cachedContentTokenCount": counted.cache_read}
    return usage | {name: count for name, count in told.items() if count}
