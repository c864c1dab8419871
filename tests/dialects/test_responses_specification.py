"""What is sent to upstreams of Responses, and told to its clients, is what OpenAI's own description says."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import Any

import msgspec
import pytest

from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.target import AskedModel
from tests.dialects.published_spec import SPECS, Spec, spec
from tests.dialects.recordings import LeftOut, Recording, recordings, shared
from tests.dialects.responses_wire import DIALECT, told
from tests.dialects.test_responses_crossing import events_of, prepare

Json = dict[str, Any]

pytestmark = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")
FRONTS = pytest.mark.parametrize(("op", "front"), [("chat.completions", "openai_chat"), ("messages", "anthropic")])
SHARE = 6
"""Of the recordings, one in so many."""
_WRONG_OF_ITSELF = ("service_tier", "temperature", "effort")
"""Fields in which other providers' recorded callers and answers use words and numbers of their own."""


@FRONTS
def test_requests_are_as_the_description_says(op: str, front: str) -> None:
    judged, complaints = 0, Counter[str]()
    for recording in recordings(op)[::SHARE]:
        try:
            body: Json = msgspec.json.decode(prepare(front, recording.request, "openai_responses").body)
        except (Fault, LeftOut):
            continue
        judged += 1
        complaints.update(_complaints("CreateResponse", {**body, "input": "x"}))
        for item in body["input"]:
            if item.get("role") != "assistant":  # answers given back without ids: OpenAI takes them, and does not say so
                complaints.update(_complaints("InputItem", item))

    assert judged > 50
    assert complaints == Counter()


@FRONTS
def test_a_stream_is_made_of_the_events_of_the_description(op: str, front: str) -> None:
    judged, complaints = 0, Counter[str]()
    for recording in recordings(op)[::SHARE]:
        for event in _streamed(front, recording):
            judged += 1
            complaints.update(_complaints(_schemas()[event["type"]], event))

    assert judged > 900
    assert complaints == Counter()


def _streamed(front: str, recording: Recording) -> list[Json]:
    try:
        events = events_of(front, recording)
    except (Fault, LeftOut):
        return []
    return told(DIALECT.encoder(Ask(model=AskedModel("m"), stream=True, asked_at=1)).feed(events))


def _complaints(schema: str, value: Json) -> list[str]:
    """Nulls say nothing: the description forgets that OpenAI sends them, and demands fields that it sends as null."""
    found = _openai().complaints(schema, _without_nulls(value))
    return [one for one in found if not (_is_null(one, value) or any(name in one for name in _WRONG_OF_ITSELF))]


def _is_null(complaint: str, value: Json) -> bool:
    response = value.get("response")
    place, _, what = complaint.partition(": ")
    return place == ".response" and isinstance(response, dict) and response.get(what.removesuffix(" is missing"), "") is None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _openai() -> Spec:
    return spec("openai.json")


@lru_cache(maxsize=1)
def _schemas() -> dict[str, str]:
    """A stream event's type → its schema."""
    known: Json = json.loads((SPECS / "openai.json").read_text())["components"]["schemas"]
    names = [option["$ref"].rpartition("/")[2] for option in known["ResponseStreamEvent"]["anyOf"]]
    return {known[name]["properties"]["type"]["enum"][0]: name for name in names}
