"""AWS Bedrock through the whole gateway: signed and by key, by Converse and in Anthropic's language, its throttling and its failures."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from headworks.domain.usage import Certainty
from tests.clouds.aws import CITY, COUNTED, KEY, LASTING, REGION, TEMPORARY, TEXT, USED, SmallBedrock
from tests.providers.token_server import TokenServer
from tests.system.house import KEY as CALLER
from tests.system.house import RunningHouse

Json = dict[str, Any]

SONNET = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = f"arn:aws:bedrock:{REGION}:123456789012:inference-profile/{SONNET}"
MODELS = {
    "converse": f"signed/{SONNET}",
    "of-a-profile": f"profiled/{ARN}",
    "by-key": f"keyed/{SONNET}",
    "claude": f"signed-claude/{SONNET}",
    "claude-by-arn": f"keyed-claude/{ARN}",
    "busy": "signed/eu.anthropic.claude-busy-4-5-v1:0",
    "busy-claude": "signed-claude/eu.anthropic.claude-busy-4-5-v1:0",
    "breaking": "signed/eu.anthropic.claude-breaking-4-5-v1:0",
    "breaking-claude": "signed-claude/eu.anthropic.claude-breaking-4-5-v1:0",
    "uncounted": "signed/eu.anthropic.claude-opus-4-5-v1:0",
    "uncounted-claude": "signed-claude/eu.anthropic.claude-opus-4-5-v1:0",
    "foreign": f"unknown/{SONNET}",
    "foreign-too": f"unknown-too/{SONNET}",
    "titan": "signed/amazon.titan-embed-text-v2:0",
    "embed": "signed/eu.cohere.embed-v4:0",
}
FAILURES = 3
"""In a row, after which a target is left alone."""
CHATS = ("converse", "of-a-profile", "by-key", "claude", "claude-by-arn")
TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[SmallBedrock, str]]:
    small = SmallBedrock()
    with TokenServer(small).running() as server:
        yield small, server.url


@pytest.fixture(scope="module")
def house(cloud: tuple[SmallBedrock, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    """In an environment with temporary keys, beside a profile with lasting ones."""
    directory = tmp_path_factory.mktemp("bedrock")
    (directory / "credentials").write_text(
        f"[work]\naws_access_key_id = {LASTING.access_key}\naws_secret_access_key = {LASTING.secret_key}\n"
    )
    environment = {
        "AWS_ACCESS_KEY_ID": TEMPORARY.access_key,
        "AWS_SECRET_ACCESS_KEY": TEMPORARY.secret_key,
        "AWS_SESSION_TOKEN": str(TEMPORARY.token),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
        "AWS_CONFIG_FILE": str(directory / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with RunningHouse(directory, _config(cloud[1]), environment) as running:
        yield running


def _config(url: str) -> Json:
    there = {"base_url": url, "location": REGION}
    stranger = {"type": "aws", "access_key_id": "AKIASTRANGER", "secret_access_key": "not-known-there"}
    return {
        "providers": {
            "signed": {"type": "bedrock", **there},
            "profiled": {"type": "bedrock", **there, "auth": {"type": "aws", "profile": "work"}},
            "keyed": {"type": "bedrock", **there, "api_key": KEY},
            "signed-claude": {"type": "bedrock-anthropic", **there},
            "keyed-claude": {"type": "bedrock-anthropic", **there, "api_key": KEY},
            "unknown": {"type": "bedrock", **there, "auth": stranger},
            "unknown-too": {"type": "bedrock", **there, "auth": stranger},
        },
        "models": MODELS,
        "prices": {f"{name}/*": {"input": 1, "output": 2} for name in {model.partition("/")[0] for model in MODELS.values()}},
        "retries": {"attempts": 2, "base": 0.01},
        "breaker": {"failures": FAILURES, "open_for": 600, "cooldown": 0, "cooldown_cap": 0},
    }


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=CALLER, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(house: RunningHouse) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=house.url, api_key=CALLER, max_retries=0) as client:
        yield client


def asked(model: str) -> Json:
    return {"model": model, "messages": [{"role": "user", "content": "What is the capital of Norway?"}], "max_tokens": 50}


def metered(house: RunningHouse, request_id: str | None) -> tuple[int, int]:
    record = house.record(str(request_id))
    assert record.certainty is Certainty.REPORTED
    return record.usage.input, record.usage.output


@pytest.mark.parametrize("model", CHATS)
def test_openais_sdk_chats(house: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    whole = gpt.chat.completions.create(**asked(model))
    assert whole.choices[0].message.content == TEXT
    assert metered(house, whole._request_id) == (USED.input, USED.output)

    with gpt.chat.completions.create(**asked(model), stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert metered(house, stream.response.headers["x-request-id"]) == (USED.input, USED.output)


@pytest.mark.parametrize("model", CHATS)
def test_anthropics_sdk_gets_messages(house: RunningHouse, claude: anthropic.Anthropic, model: str) -> None:
    whole = claude.messages.create(**asked(model))
    assert [block.text for block in whole.content if block.type == "text"] == [TEXT]

    with claude.messages.stream(**asked(model)) as stream:
        final = stream.get_final_message()
    assert [block.text for block in final.content if block.type == "text"] == [TEXT]
    assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", USED.output)
    for request_id in (whole._request_id, stream.request_id):
        assert metered(house, request_id) == (USED.input, USED.output)


@pytest.mark.parametrize("model", ["converse", "claude"])
def test_openais_sdk_calls_tools(gpt: openai.OpenAI, model: str) -> None:
    first = gpt.chat.completions.create(**asked(model), tools=TOOLS).choices[0].message
    (call,) = first.tool_calls or [None]
    assert call is not None
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", CITY)

    question = asked(model)
    question["messages"] += [first.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "snow"}]
    assert gpt.chat.completions.create(**question, tools=TOOLS).choices[0].message.content == TEXT

    with gpt.chat.completions.create(**asked(model), tools=TOOLS, stream=True) as stream:
        pieces = [piece for chunk in stream if chunk.choices for piece in chunk.choices[0].delta.tool_calls or ()]
    assert json.loads("".join(piece.function.arguments or "" for piece in pieces if piece.function)) == CITY


@pytest.mark.parametrize("model", ["busy", "busy-claude"])
@pytest.mark.parametrize("streamed", [False, True])
def test_throttling_is_tried_again(
    cloud: tuple[SmallBedrock, str],
    house: RunningHouse,
    gpt: openai.OpenAI,
    model: str,
    streamed: bool,  # noqa: FBT001 - the form that is asked for
) -> None:
    cloud[0].asked.clear()
    answer = gpt.chat.completions.with_raw_response.create(**asked(model), stream=streamed)

    assert TEXT[:3].encode() in answer.http_response.read()
    tried = house.record(answer.headers["x-request-id"]).tried
    assert [(each.status, each.fault) for each in tried] == [(429, "upstream_throttled"), (200, "")]


@pytest.mark.parametrize("model", ["breaking", "breaking-claude"])
def test_a_stream_that_fails_in_the_middle_is_told_to_openais_sdk(
    cloud: tuple[SmallBedrock, str], house: RunningHouse, gpt: openai.OpenAI, model: str
) -> None:
    cloud[0].go_on.clear()
    with gpt.chat.completions.create(**asked(model), stream=True) as stream:
        words = next(chunk.choices[0].delta.content for chunk in stream if chunk.choices[0].delta.content)
        cloud[0].go_on.set()
        with pytest.raises(openai.APIError):
            list(stream)

    assert words == "Well"
    record = house.record(stream.response.headers["x-request-id"])
    assert (record.ending, record.fault) == ("severed", "upstream_error")
    assert "It broke." in record.detail


@pytest.mark.parametrize("model", ["breaking", "breaking-claude"])
def test_a_stream_that_fails_in_the_middle_is_told_to_anthropics_sdk(
    cloud: tuple[SmallBedrock, str], claude: anthropic.Anthropic, model: str
) -> None:
    cloud[0].go_on.clear()
    with claude.messages.stream(**asked(model)) as stream:
        assert next(iter(stream.text_stream)) == "Well"
        cloud[0].go_on.set()
        with pytest.raises(anthropic.APIStatusError) as told:
            stream.until_done()

    assert "It broke" not in str(told.value)


def test_what_aws_says_of_our_keys_is_the_operators_alone(house: RunningHouse, gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as told:
        gpt.chat.completions.create(**asked("foreign"))

    assert (told.value.status_code, told.value.code) == (502, "upstream_credentials")
    assert "security token" not in str(told.value)
    assert "security token" in house.record(told.value.response.headers["x-request-id"]).detail


@pytest.mark.parametrize("model", ["converse", "of-a-profile", "claude", "claude-by-arn"])
def test_tokens_are_counted(
    cloud: tuple[SmallBedrock, str], house: RunningHouse, claude: anthropic.Anthropic, model: str
) -> None:
    question = asked(model)
    answer = claude.messages.with_raw_response.count_tokens(model=model, messages=question["messages"], system="Be brief.")

    assert answer.parse().input_tokens == COUNTED
    counted = cloud[0].counted
    if "invokeModel" in counted:
        counted = json.loads(base64.b64decode(counted["invokeModel"]["body"]))
        assert counted["anthropic_version"] == "bedrock-2023-05-31"
    else:
        assert counted["converse"]["system"] == [{"text": "Be brief."}]
    assert house.record(answer.headers["x-request-id"]).cost == 0


@pytest.mark.parametrize("model", ["uncounted", "uncounted-claude"])
def test_who_may_ask_and_not_count_gets_an_estimate_and_is_asked_on(
    house: RunningHouse, claude: anthropic.Anthropic, model: str
) -> None:
    messages = asked(model)["messages"]
    for _ in range(FAILURES):
        answer = claude.messages.with_raw_response.count_tokens(model=model, messages=messages)
        assert 0 < answer.parse().input_tokens < COUNTED
        assert "estimated" in answer.headers["x-headworks-downgrades"]
        assert [each.fault for each in house.record(answer.headers["x-request-id"]).tried] == ["upstream_credentials"]

    assert claude.messages.create(**asked(model)).stop_reason == "end_turn"


def test_counts_that_are_refused_do_not_hide_that_nothing_is_answered(
    cloud: tuple[SmallBedrock, str], claude: anthropic.Anthropic
) -> None:
    model = "foreign-too"
    for _ in range(FAILURES):
        with pytest.raises(anthropic.APIStatusError):
            claude.messages.create(**asked(model))
        with contextlib.suppress(anthropic.APIStatusError):  # once it is left alone
            claude.messages.count_tokens(model=model, messages=asked(model)["messages"])
    cloud[0].asked.clear()

    with pytest.raises(anthropic.APIStatusError):
        claude.messages.create(**asked(model))

    assert not cloud[0].asked, "it is left alone"


def test_vectors(house: RunningHouse, gpt: openai.OpenAI) -> None:
    answer = gpt.embeddings.with_raw_response.create(model="titan", input="Oslo", dimensions=256)
    assert answer.parse().data[0].embedding == [0.5, -0.25]
    assert metered(house, answer.headers["x-request-id"]) == (7, 0)

    both = gpt.embeddings.create(model="embed", input=["Oslo", "Rome"])
    assert [each.embedding for each in both.data] == [[0.5, 0.0], [0.5, 1.0]]

    with pytest.raises(openai.BadRequestError, match="one text at a time"):
        gpt.embeddings.create(model="titan", input=["Oslo", "Rome"])


def test_no_secret_is_written_anywhere(house: RunningHouse) -> None:
    written = house.output.read_text() + "".join(path.read_text("utf-8", "replace") for path in house.journal.rglob("*.jsonl"))

    for secret in (str(TEMPORARY.token), TEMPORARY.secret_key, LASTING.secret_key, KEY, "not-known-there"):
        assert secret not in written
