"""Mistral's flavour of Chat Completions: its schema forbids what it does not know, and ids of calls have nine letters and digits."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from headworks.domain.target import SentModel, Target
from headworks.providers.catalog import shipped_catalog
from headworks.testing import sample_target
from tests.dialects.published_spec import SPECS
from tests.grid.asides import with_aside
from tests.grid.clients import Question
from tests.grid.grid import HUB

Json = dict[str, Any]

fronts = pytest.mark.parametrize("front", ["openai_chat", "anthropic"])


def _mistral() -> Target:
    quirks = shipped_catalog().providers["mistral"].quirks
    return sample_target("mistral/x", dialect="openai_chat", model=SentModel("mistral-large"), quirks=quirks)


def _sent(front: str, path: str = "temperature", value: Any = 0.5) -> tuple[Json, list[str]]:
    asked = Question(front, with_aside(front, path, value), streamed=False)
    prepared = HUB.prepare(front, Kind.CHAT, asked.ask, asked.sent, _mistral(), None)
    return msgspec.json.decode(prepared.body), [downgrade.path for downgrade in prepared.downgrades]


@fronts
def test_calls_of_other_models_get_ids_that_mistral_takes(front: str) -> None:
    body, _ = _sent(front)

    call = next(turn for turn in body["messages"] if turn.get("tool_calls"))["tool_calls"][0]["id"]
    result = next(turn for turn in body["messages"] if turn["role"] == "tool")["tool_call_id"]
    assert re.fullmatch("[a-zA-Z0-9]{9}", call)
    assert result == call


def test_ids_of_its_own_and_all_else_keep_their_letters() -> None:
    body, _ = _sent("openai_chat", "messages.2.tool_calls.0.id", "D681PevKs")

    assert body["messages"][2]["tool_calls"][0]["id"] == "D681PevKs"
    assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city":"Oslo"}'}


def test_messages_that_are_none_are_left_to_their_provider() -> None:
    body, _ = _sent("openai_chat", "messages.2.tool_calls", "oops")

    assert body["messages"][2]["tool_calls"] == "oops"


def test_a_seed_has_another_name() -> None:
    body, lost = _sent("openai_chat", "seed", 7)
    crossed, _ = _sent("gemini", "generationConfig.seed", 7)

    assert (body["random_seed"], "seed" in body, lost) == (7, False, [])
    assert crossed["random_seed"] == 7


@pytest.mark.skipif(not SPECS.exists(), reason=f"no descriptions at {SPECS}")
@pytest.mark.parametrize("field", ["logprobs", "service_tier", "safety_identifier", "verbosity", "user", "seed", "metadata"])
def test_nothing_is_sent_that_its_schema_forbids(field: str) -> None:
    """What it has no word for is left out, and reported: one such field, and it refuses the whole question."""
    values: Json = {"logprobs": True, "seed": 7, "metadata": {"job": "x"}, "service_tier": "auto", "verbosity": "low"}
    body, lost = _sent("openai_chat", field, values.get(field, "ada"))
    described = msgspec.json.decode((SPECS / "mistral.json").read_bytes())
    known = described["components"]["schemas"]["ChatCompletionRequest"]["properties"]

    assert body.keys() <= known.keys()
    assert lost == ([] if field in ("seed", "metadata") else [field])
