"""A server of AWS Bedrock's Converse."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.dialects.bedrock_wire import message, stream
from tests.grid.answers import URL, Said, pieces

Json = dict[str, Any]

_STOPS = {
    StopReason.MAX_TOKENS: "max_tokens",
    StopReason.TOOL_CALLS: "tool_use",
    StopReason.STOP_SEQUENCE: "stop_sequence",
    StopReason.REFUSAL: "content_filtered",
}


class Bedrock:
    """See `Server`. Claude tells besides which stop sequence it met."""

    name = "bedrock"
    cannot: frozenset[str] = frozenset(("likely", "reasoning", "words of refusal"))

    def whole(self, said: Said) -> bytes:
        return msgspec.json.encode(
            {"output": {"message": {"role": "assistant", "content": _blocks(said)}}} | _stop(said) | _end(said)
        )

    def streamed(self, said: Said) -> bytes:
        messages: list[tuple[str, Json]] = [("messageStart", {"role": "assistant"})]
        for index, block in enumerate(_blocks(said)):
            place = {"contentBlockIndex": index}
            messages += [(event, {**place, **payload}) for event, payload in _told(block)]
            messages.append(("contentBlockStop", place))
        return stream(*messages, ("messageStop", _stop(said)), ("metadata", _end(said)))

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [(b"x-amzn-errortype", b"ThrottlingException")], b'{"message":"Slow down."}'

    def broken(self) -> bytes:
        begun = stream(
            ("messageStart", {"role": "assistant"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "W"}})
        )
        return begun + message({"message": "It broke."}, "modelStreamErrorException", "exception")


def _blocks(said: Said) -> list[Json]:
    blocks: list[Json] = []
    if said.thought:
        signed = {"signature": said.signature} if said.signature else {}
        blocks.append({"reasoningContent": {"reasoningText": {"text": said.thought, **signed}}})
    if said.cited:
        cited = {"title": "A source", "location": {"web": {"url": URL}}, "sourceContent": [{"text": "Words."}]}
        blocks.append({"citationsContent": {"content": [{"text": said.text}], "citations": [cited]}})
    elif said.text:
        blocks.append({"text": said.text})
    return [*blocks, *({"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}} for call in said.calls)]


def _told(block: Json) -> list[tuple[str, Json]]:
    """One block's events, without their place."""
    if "toolUse" in block:
        call = block["toolUse"]
        started = {"start": {"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}}}
        arguments = pieces(msgspec.json.encode(call["input"]).decode())
        return [("contentBlockStart", started), *_deltas({"toolUse": {"input": piece}} for piece in arguments)]
    if "reasoningContent" in block:
        thought = block["reasoningContent"]["reasoningText"]
        told: list[Json] = [{"text": piece} for piece in pieces(thought["text"])]
        told += [{"signature": thought["signature"]}] if "signature" in thought else []
        return _deltas({"reasoningContent": piece} for piece in told)
    if "citationsContent" in block:
        cited = block["citationsContent"]
        return [
            *_deltas({"text": piece} for piece in pieces(cited["content"][0]["text"])),
            *_deltas({"citation": one} for one in cited["citations"]),
        ]
    return _deltas({"text": piece} for piece in pieces(block["text"]))


def _deltas(deltas: Any) -> list[tuple[str, Json]]:
    return [("contentBlockDelta", {"delta": delta}) for delta in deltas]


def _stop(said: Said) -> Json:
    met = {"additionalModelResponseFields": {"stop_sequence": said.sequence}} if said.sequence else {}
    return {"stopReason": _STOPS.get(said.stop, "end_turn"), **met}


def _end(said: Said) -> Json:
    counted = said.usage
    usage = {"inputTokens": counted.input - counted.cache_read, "outputTokens": counted.output}
    total = {"totalTokens": counted.input + counted.output, "cacheReadInputTokens": counted.cache_read}
    return {"usage": usage | total, "metrics": {"latencyMs": 7}}
