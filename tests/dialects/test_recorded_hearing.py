"""Recorded transcriptions pass untouched, and tell what they used."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.money import PriceCard
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Expecting
from headworks.testing.samples import sample_target
from tests.dialects.recordings import Recording, recordings, shared

OPENAI = "openai_chat"
HUB = Hub({OPENAI: OpenAIChat()})


def recorded() -> list[Recording]:
    if not shared().exists():
        return []
    return [one for one in recordings("audio") if one.content["request"]["path"].endswith("/transcriptions")]


def used(said: dict[str, object]) -> Usage:
    """What an answer's own words come to, by its totals: some leave the tokens of the sound out of the prompt's."""
    usage = said.get("usage")
    if not isinstance(usage, dict):
        usage = {}
    output = usage.get("output_tokens", usage.get("completion_tokens", 0))
    details = usage.get("input_token_details") or usage.get("prompt_tokens_details") or {}
    seconds: Any = usage.get("seconds") or usage.get("prompt_audio_seconds") or said.get("duration") or 0
    return Usage(
        input=usage.get("total_tokens", 0) - output if "total_tokens" in usage else 0,
        output=output,
        input_audio=details.get("audio_tokens", 0),
        audio_seconds=math.ceil(seconds),
    )


@pytest.mark.skipif(not shared().exists(), reason="the recordings are not here")
def test_there_are_some() -> None:
    assert len(recorded()) >= 8


@pytest.mark.parametrize("recording", recorded(), ids=lambda recording: recording.file)
def test_recorded_transcriptions_pass_untouched_and_tell_their_use(recording: Recording) -> None:
    raw = json.dumps({"model": "m", "file": {"filename": "a.wav", "content_type": "audio/wav", "size": None}}).encode()
    ask = HUB.read_ask(OPENAI, Kind.TRANSCRIPTIONS, raw)
    data = recording.body
    by_minute = b'"duration",' in data
    target = sample_target("openai/m", price=PriceCard(audio_minute=6_000_000) if by_minute else None)
    relay = HUB.prepare(OPENAI, Kind.TRANSCRIPTIONS, ask, raw, target, None).relay
    assert isinstance(relay, Expecting)
    streamed = data.startswith(b"data:")
    relay.expect(b"text/event-stream" if streamed else b"application/json")

    assert relay.feed(data) + relay.close() == data
    assert relay.fault is None
    last = data.decode().replace("data: [DONE]", "").strip().split("data: ")[-1] if streamed else data
    assert (relay.usage or Usage()) == used(json.loads(last))
