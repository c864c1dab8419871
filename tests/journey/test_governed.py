"""What chooses a model, a price, a feature or storage is used by nobody who may not."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.ollama import Ollama
from headworks.dialects.openai_chat import OpenAIChat
from headworks.dialects.openai_responses import OpenAIResponses
from headworks.dialects.passthrough import PassThroughDialect
from headworks.domain.body import Whole
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.governed import (
    BETAS,
    FEATURES,
    GOVERNED,
    refuse_governed,
    refuse_governed_headers,
    refuse_governed_model,
)
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.ports.dialect import Dialect
from headworks.testing import Script, ScriptedUpstream, sample_call, sample_target
from tests.config.compiling import compiled

from .plain import KEY, House

OPENAI, ANTHROPIC = "openai_chat", "anthropic"
PLAIN = Principal(id="plain")


def ask_of(body: bytes) -> Ask:
    return Ask(model=AskedModel("m"), fields=msgspec.json.decode(body, type=dict[str, msgspec.Raw]))


def lacks(front: str, fields: dict[str, Any], principal: Principal = PLAIN) -> str:
    """The feature that a request with these fields is refused for; empty where it is let through."""
    return lacks_raw(front, msgspec.json.encode(fields), principal)


def lacks_raw(front: str, body: bytes, principal: Principal = PLAIN) -> str:
    try:
        refuse_governed(front, ask_of(body), principal)
    except Fault as fault:
        return (
            f"{fault.code} {fault.message}"
            if fault.code != "feature_not_allowed"
            else fault.message.partition("lacks the feature '")[2].partition("'")[0]
        )
    return ""


@pytest.mark.parametrize(
    ("front", "field", "value", "feature"),
    [
        (OPENAI, "web_search_options", {}, "web_search"),
        (OPENAI, "web_search_options", False, "web_search"),
        (OPENAI, "web_search_options", {"search_context_size": "low"}, "web_search"),
        (OPENAI, "web_search_options", None, ""),
        (OPENAI, "search_parameters", {"mode": "on"}, "web_search"),
        (OPENAI, "enable_search", True, "web_search"),
        (OPENAI, "enable_search", False, ""),
        (OPENAI, "preset", "default", "preset"),
        (OPENAI, "route", "auto", "models"),
        (OPENAI, "transforms", ["middle-out"], "transforms"),
        (OPENAI, "transforms", [], ""),
        (OPENAI, "models", ["a"], "models"),
        (OPENAI, "store", False, ""),
        (OPENAI, "service_tier", "auto", ""),
        (OPENAI, "service_tier", "priority", "service_tier"),
        (ANTHROPIC, "container", "container_1", "container"),
        (ANTHROPIC, "service_tier", "standard_only", ""),
        (ANTHROPIC, "inference_geo", "us", "inference_geo"),
        (ANTHROPIC, "speed", "fast", "speed"),
    ],
)
def test_fields_and_the_values_that_ask_for_nothing(front: str, field: str, value: object, feature: str) -> None:
    assert lacks(front, {field: value}) == feature
    assert lacks(front, {field: value}, Principal(id="p", features=(feature,))) == ""


@pytest.mark.parametrize("front", GOVERNED)
def test_every_governed_field_is_refused_and_can_be_allowed(front: str) -> None:
    for field, feature in GOVERNED[front].items():
        assert lacks(front, {field: ["x"]}) == feature
        assert lacks(front, {field: ["x"]}, Principal(id="p", features=(feature,))) == ""


@pytest.mark.parametrize(
    ("options", "feature"),
    [
        ({"temperature": 0, "num_predict": 9, "stop": ["x"]}, ""),
        ({"num_ctx": None, "use_mmap": False}, ""),
        ({"temperature": 0, "num_ctx": 131072}, "model_options"),
        ({"num_gpu": 99}, "model_options"),
        ({"what_comes_next": 1}, "model_options"),
    ],
)
def test_of_ollamas_options_those_that_load_a_model_are_governed(options: dict[str, Any], feature: str) -> None:
    assert lacks("ollama", {"options": options}) == feature
    assert lacks("ollama", {"options": options}, Principal(id="p", features=("model_options",))) == ""


@pytest.mark.parametrize("front", GOVERNED)
def test_a_governed_field_cannot_hide_behind_its_spelling(front: str) -> None:
    """Some servers read names without regard to case."""
    known: tuple[Dialect, ...] = (
        OpenAIChat(),
        OpenAIResponses(),
        Anthropic(),
        Gemini(),
        Cohere(),
        Ollama(),
        PassThroughDialect(),
    )
    hub = Hub({dialect.name: dialect for dialect in known})
    for field in GOVERNED[front]:
        body = msgspec.json.encode({"model": "m", "messages": [], field.title(): 1})
        with pytest.raises(Fault) as refused:
            hub.read_ask(front, Kind.CHAT, body)
        assert refused.value.code == "duplicate_field"


@pytest.mark.parametrize(
    ("front", "tool", "feature"),
    [
        (OPENAI, {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}, ""),
        (OPENAI, {"type": "custom"}, ""),
        (OPENAI, {"type": "web_search_preview"}, "web_search"),
        (OPENAI, {"type": "browser_search"}, "web_search"),
        (OPENAI, {"type": "code_interpreter"}, "code_execution"),
        (OPENAI, {"type": "file_search"}, "files"),
        (OPENAI, {"type": "mcp"}, "mcp"),
        (OPENAI, {"type": "builtin_function"}, "server_tools"),
        (OPENAI, {"type": "functional_search"}, "web_search"),
        (ANTHROPIC, {"name": "f", "input_schema": {"type": "object"}}, ""),
        (ANTHROPIC, {"type": None, "name": "f"}, ""),
        (ANTHROPIC, {"type": "custom", "name": "f"}, ""),
        (ANTHROPIC, {"type": "text_editor_20250728"}, ""),
        (ANTHROPIC, {"type": "web_search_20250305"}, "web_search"),
        (ANTHROPIC, {"type": "web_fetch_20250910"}, "web_fetch"),
        (ANTHROPIC, {"type": "code_execution_20250825"}, "code_execution"),
        (ANTHROPIC, {"type": "mcp_toolset"}, "mcp"),
        (ANTHROPIC, {"type": "tool_search_tool_regex_20251119"}, "server_tools"),
        (ANTHROPIC, {"type": "something_new"}, "server_tools"),
    ],
)
def test_tools_that_the_provider_runs(front: str, tool: dict[str, object], feature: str) -> None:
    plain = {"type": "custom", "name": "own"}

    assert lacks(front, {"tools": [plain, tool]}) == feature
    assert lacks(front, {"tools": [plain, tool]}, Principal(id="p", features=(feature,))) == ""


def test_a_tool_cannot_hide_behind_escapes() -> None:
    assert lacks_raw(ANTHROPIC, rb'{"tools":[{"t\u0079pe":"web\u005fsearch_20250305"}]}') == "web_search"


@pytest.mark.parametrize("tools", [b'{"type":"x"}', b'[1,{"type":"x"}]', b'[{"type":1}]', b'"type"'])
def test_tools_that_cannot_be_read_are_refused(tools: bytes) -> None:
    """Whoever reads them more kindly than we do must not get them."""
    with pytest.raises(Fault) as refused:
        refuse_governed(OPENAI, ask_of(b'{"tools":' + tools + b"}"), PLAIN)

    assert refused.value.code == "invalid_request"


@pytest.mark.parametrize(
    ("front", "part", "feature"),
    [
        (OPENAI, {"type": "file", "file": {"file_id": "file-1"}}, "files"),
        (OPENAI, {"type": "file", "file": {"file_data": "data:x", "file_id": None}}, ""),
        (OPENAI, {"type": "text", "text": 'what is "file_id"?'}, ""),
        (OPENAI, {"type": "text", "text": "file_id"}, ""),
        (ANTHROPIC, {"type": "document", "source": {"type": "file", "file_id": "file_1"}}, "files"),
        (ANTHROPIC, {"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "files"),
        (ANTHROPIC, {"type": "container_upload", "file_id": "file_1"}, "files"),
        (ANTHROPIC, {"type": "tool_result", "content": [{"type": "image", "source": {"file_id": "f"}}]}, "files"),
        (ANTHROPIC, {"type": "tool_use", "name": "f", "input": {"file_id": "the caller's own"}}, ""),
    ],
)
def test_files_at_the_provider_belong_to_whoever_has_the_credential(front: str, part: object, feature: str) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "hi"}, part]}]

    assert lacks(front, {"messages": messages}) == feature
    assert lacks(front, {"messages": messages}, Principal(id="p", features=("files",))) == ""


def test_a_file_cannot_hide_behind_escapes() -> None:
    body = rb'{"messages":[{"role":"user","content":[{"type":"file","file":{"file\u005fid":"file-1"}}]}]}'

    assert lacks_raw(OPENAI, body) == "files"


@pytest.mark.parametrize(
    ("betas", "feature"),
    [
        (b"files-api-2025-04-14", "files"),
        (b"claude-code-20250219, code-execution-2025-08-25", "code_execution"),
        (b"interleaved-thinking-2025-05-14,MCP-client-2025-04-04", "mcp"),
        (b"web-fetch-2025-09-10", "web_fetch"),
        (b"context-1m-2025-08-07", "long_context"),
        (b"claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14", ""),
        (b"", ""),
    ],
)
def test_betas_that_cost_or_store(betas: bytes, feature: str) -> None:
    headers = {b"anthropic-beta": betas}
    if feature:
        with pytest.raises(Fault, match=f"lacks the feature '{feature}'"):
            refuse_governed_headers(ANTHROPIC, headers, PLAIN)
    refuse_governed_headers(ANTHROPIC, headers, Principal(id="p", features=(feature,)))
    refuse_governed_headers(OPENAI, headers, PLAIN)  # where it does not travel on


WILD = 'models: {"openrouter/*": openrouter/*, "own:online": openrouter/openai/gpt-4o:online}\nunpriced: free\n'


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("openrouter/openai/gpt-4o", ""),
        ("openrouter/openai/gpt-4o:free", ""),
        ("openrouter/openai/gpt-4o:online", "web_search"),
        ("openrouter:openai/gpt-4o:online", "web_search"),
        ("openrouter/openai/gpt-4o:nitro", "provider"),
        ("openrouter/@preset/mine", "preset"),
        ("own:online", ""),
    ],
)
def test_orders_in_a_models_name(name: str, feature: str) -> None:
    """An operator's own fixed name means what the operator says."""
    model = compiled(WILD, {"OPENROUTER_API_KEY": "k"}).snapshot.find(name)

    assert model is not None
    if feature:
        with pytest.raises(Fault, match=f"lacks the feature '{feature}'"):
            refuse_governed_model(model, PLAIN)
    refuse_governed_model(model, Principal(id="p", features=(feature,)))


def test_the_configuration_offers_every_feature() -> None:
    written = ", ".join(sorted(FEATURES))
    (holder,) = compiled(
        f"models: {{m: openai/gpt-4o}}\nkeys: {{a: {{key: hw-a, features: [{written}]}}}}\n"
    ).snapshot.principals.values()

    assert set(holder.features) == FEATURES
    assert set(BETAS.values()) <= FEATURES


@pytest.mark.parametrize(
    ("front", "extra", "headers", "needs"),
    [
        (OPENAI, {"store": True}, {}, ()),
        (ANTHROPIC, {}, {b"anthropic-beta": b"files-api-2025-04-14"}, ()),
        (OPENAI, {}, {}, ("web_search",)),
    ],
)
def test_the_journey_refuses_before_anything_is_sent(
    front: str, extra: dict[str, object], headers: dict[bytes, bytes], needs: tuple[str, ...]
) -> None:
    model = Model(name=AskedModel("m"), targets=(sample_target("only/m"),), needs=needs)
    shop = Snapshot(revision="r", models={"m": model})
    call = sample_call(
        snapshot=shop,
        front=front,
        body=Whole(msgspec.json.encode({"model": "m", **extra})),
        headers={b"authorization": b"Bearer " + KEY, **headers},
        principal=None,
        ask=None,
    )
    upstream = ScriptedUpstream([Script()])
    house = House(shop, upstream)

    with pytest.raises(Fault) as refused:
        asyncio.run(house.serve(call))

    assert refused.value.code == "feature_not_allowed"
    assert house.journal.ended[0].tried == ()


def test_betas_are_governed_in_the_body_too_however_they_are_spelt() -> None:
    for said in (b'["context-1m-2025-08-07"]', b'["CONTEXT\\u002d1m-2025-08-07"]'):
        ask = Anthropic().read_ask(Kind.CHAT, b'{"model":"m","messages":[],"max_tokens":1,"anthropic_beta":%b}' % said)
        with pytest.raises(Fault, match="long_context"):
            refuse_governed(ANTHROPIC, ask, PLAIN)
