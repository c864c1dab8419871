"""Questions and answers between Gemini's language and the two others that are both front and upstream."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.gemini import Gemini
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask, Kind
from headworks.domain.errors import Fault
from headworks.domain.target import SentModel, Target
from headworks.domain.where import NOWHERE, Form, Where
from headworks.ports.dialect import Dialect
from headworks.testing import sample_target
from tests.dialects.gemini_wire import DIALECT, Json, ask, question, target

DIALECTS: tuple[Dialect, ...] = (OpenAIChat(), Anthropic(), Gemini())
HUB = Hub({dialect.name: dialect for dialect in DIALECTS})
GEMINI, OPENAI, ANTHROPIC = "gemini", "openai_chat", "anthropic"
CALL: Json = {"name": "weather", "args": {"city": "Rome"}}
PIXEL = "aGVhZHdvcmtz"
UNSIGNED = {"thoughtSignature": "skip_thought_signature_validator"}


def there(dialect: str, model: str = "m") -> Target:
    return sample_target("there/x", dialect=dialect, model=SentModel(model), max_output=4096)


def read(front: str, body: Json, form: Form = Form.WHOLE) -> Ask:
    where = Where("gemini-2.5-flash", form) if front == GEMINI else NOWHERE
    return HUB.read_ask(front, Kind.CHAT, msgspec.json.encode(body), where)


def sent(front: str, body: Json, to: Target) -> tuple[Json, set[str]]:
    """The request as the upstream gets it, and what was reported lost."""
    prepared = HUB.prepare(front, Kind.CHAT, read(front, body), msgspec.json.encode(body), to, None)
    return msgspec.json.decode(prepared.body), {downgrade.path for downgrade in prepared.downgrades}


def told(front: str, body: Json, upstream: str, answer: Json) -> Any:
    """A whole answer as the client gets it."""
    asked = read(front, body)
    prepared = HUB.prepare(front, Kind.CHAT, asked, msgspec.json.encode(body), there(upstream), None)
    out = prepared.relay.feed(msgspec.json.encode(answer))
    assert prepared.relay.fault is None
    return msgspec.json.decode(out)


TURNS: Json = {
    "systemInstruction": {"parts": [{"text": "Be terse."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "See"}, {"inlineData": {"mimeType": "image/png", "data": PIXEL}}]},
        {"role": "model", "parts": [{"functionCall": CALL}, {"functionCall": {**CALL, "args": {"city": "Oslo"}}}]},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "weather", "response": {"result": "sun"}}},
                {"functionResponse": {"name": "weather", "response": {"result": "snow"}}},
            ],
        },
    ],
    "tools": [
        {
            "functionDeclarations": [
                {"name": "weather", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}},
            ]
        }
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
    "generationConfig": {
        "temperature": 0.5,
        "maxOutputTokens": 99,
        "stopSequences": ["END"],
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}},
    },
}


def test_a_gemini_client_asks_openai() -> None:
    body, losses = sent(GEMINI, TURNS, there(OPENAI))

    roles = [message["role"] for message in body["messages"]]
    calls = body["messages"][2]["tool_calls"]
    assert roles == ["system", "user", "assistant", "tool", "tool"]
    assert [call["function"]["arguments"] for call in calls] == ['{"city":"Rome"}', '{"city":"Oslo"}']
    assert [message["tool_call_id"] for message in body["messages"][3:]] == [call["id"] for call in calls]
    assert [message["content"] for message in body["messages"][3:]] == ["sun", "snow"]
    assert body["messages"][1]["content"][1]["image_url"]["url"] == f"data:image/png;base64,{PIXEL}"
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {"city": {"type": "string"}}}
    assert body["tool_choice"]["function"]["name"] == "weather"
    assert (body["max_completion_tokens"], body["stop"], body["temperature"]) == (99, ["END"], 0.5)
    assert body["response_format"]["json_schema"]["schema"]["properties"] == {"a": {"type": "integer"}}
    assert losses == set()


def test_a_gemini_client_asks_anthropic() -> None:
    body, losses = sent(GEMINI, TURNS, there(ANTHROPIC, "claude-sonnet-4-5"))

    assert body["system"] == "Be terse."
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    uses, results = body["messages"][1]["content"], body["messages"][2]["content"]
    assert [result["tool_use_id"] for result in results] == [use["id"] for use in uses]
    assert body["tool_choice"] == {"type": "tool", "name": "weather"}
    assert losses <= {"response_format"}


@pytest.mark.parametrize("field", ["safetySettings", "cachedContent", "labels"])
def test_what_only_gemini_knows_is_reported(field: str) -> None:
    _, losses = sent(GEMINI, {**question(), field: {"a": "b"}}, there(OPENAI))

    assert field in losses


def test_gemini_tools_are_reported_elsewhere() -> None:
    _, losses = sent(GEMINI, {**question(), "tools": [{"googleSearch": {}}]}, there(OPENAI))

    assert losses == {"tools[0]"}


def test_an_openai_client_asks_gemini() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
    schema: Json = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False}
    question: Json = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": schema}}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        "max_tokens": 9,
        "reasoning_effort": "low",
    }

    body, losses = sent(OPENAI, question, target("gemini-3-flash"))

    assert body["systemInstruction"] == {"parts": [{"text": "Be terse."}]}
    assert body["contents"][0]["parts"] == [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}]
    assert body["contents"][1] == {"role": "model", "parts": [{"functionCall": {**CALL, "id": "call_1"}, **UNSIGNED}]}
    result = {"name": "weather", "response": {"result": "sun"}, "id": "call_1"}
    assert body["contents"][2] == {"role": "user", "parts": [{"functionResponse": result}]}
    assert body["tools"] == [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": schema}]}]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    assert body["generationConfig"] == {
        "maxOutputTokens": 9,
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "low"},
    }
    assert losses == set()


TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


def test_older_models_are_asked_for_json_in_words_where_they_have_tools() -> None:
    """They refuse a question that asks for a form of the answer beside tools."""
    form: Json = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}}}
    hello: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": form}

    body, losses = sent(OPENAI, {**hello, "tools": TOOLS}, target("gemini-2.5-pro"))
    plain, lost = sent(OPENAI, hello, target("gemini-2.5-pro"))

    assert "generationConfig" not in body
    assert "JSON schema" in body["systemInstruction"]["parts"][0]["text"]
    assert losses == {"response_format"}
    assert (plain["generationConfig"]["responseMimeType"], lost) == ("application/json", set())


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        ("gemini-2.5-flash", 31_999, 24_576),
        ("gemini-2.5-flash-lite", 100, 512),
        ("gemini-2.5-pro", 31_999, 31_999),
        ("gemini-2.5-pro", 50_000, 32_768),
        ("gemini-2.5-pro", 1, 128),
        ("gemini-2.5-flash", 2000, 2000),
    ],
)
def test_a_budget_of_thought_is_one_that_the_model_takes(model: str, asked: int, said: int) -> None:
    thinking = {"type": "enabled", "budget_tokens": asked}
    hello = {"model": "m", "max_tokens": 64_000, "messages": [{"role": "user", "content": "Hi"}], "thinking": thinking}

    body, losses = sent(ANTHROPIC, hello, target(model))

    assert body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == said
    assert losses == ({"reasoning.budget"} if said != asked else set())


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        ("gemini-3-pro-preview", "minimal", "low"),
        ("gemini-3-pro-preview", "medium", "high"),
        ("gemini-3.1-pro-preview", "medium", "medium"),
        ("gemini-3.1-pro-preview", "minimal", "low"),
        ("gemini-3-flash-preview", "minimal", "minimal"),
        ("gemini-3-flash-preview", "xhigh", "high"),
    ],
)
def test_a_level_of_thought_is_one_that_the_model_knows(model: str, asked: str, said: str) -> None:
    hello = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": asked}

    body, losses = sent(OPENAI, hello, target(model))

    assert body["generationConfig"]["thinkingConfig"]["thinkingLevel"] == said
    assert losses == ({"reasoning.effort"} if said != asked else set())


def test_older_models_get_the_schema_brought_down() -> None:
    schema: Json = {
        "type": "object",
        "$defs": {"city": {"type": "string", "const": "Rome"}},
        "properties": {"a": {"type": ["string", "null"]}, "b": {"$ref": "#/$defs/city"}},
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}

    body, losses = sent(
        OPENAI,
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": form},
        target("gemini-2.0-flash"),
    )

    assert body["generationConfig"]["responseSchema"] == {
        "type": "OBJECT",
        "properties": {"a": {"type": "STRING", "nullable": True}, "b": {"type": "STRING", "enum": ["Rome"]}},
    }
    assert losses == {"response_format.additionalProperties"}


def test_a_schema_that_holds_itself_is_brought_down_to_an_end() -> None:
    node: Json = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "other": {"$ref": "#/$defs/node"}}}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"$ref": "#/$defs/node", "$defs": {"node": node}}}}

    body, losses = sent(
        OPENAI,
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": form},
        target("gemini-2.0-flash"),
    )

    assert body["generationConfig"]["responseSchema"]["type"] == "OBJECT"
    assert "response_format.$ref" in losses


ANSWER: Json = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "Look"},
                    {"functionCall": {**CALL, "id": "c1"}, "thoughtSignature": "c2ln"},
                ],
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 10},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r1",
}


def test_geminis_answer_to_an_openai_client_and_its_signature_back() -> None:
    asked: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}

    answer = told(OPENAI, asked, GEMINI, ANSWER)

    message = answer["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Look", "Hm.")
    assert message["tool_calls"][0]["id"] == "c1"
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (5, 5)

    body, _ = sent(OPENAI, {**asked, "messages": [*asked["messages"], message]}, target("gemini-3-pro"))
    assert {"functionCall": {**CALL, "id": "c1"}, "thoughtSignature": "c2ln"} in body["contents"][1]["parts"]


def test_geminis_signature_returns_from_an_anthropic_client_and_goes_nowhere_else() -> None:
    asked: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}

    answer = told(ANTHROPIC, asked, GEMINI, ANSWER)
    again = {**asked, "messages": [*asked["messages"], {"role": "assistant", "content": answer["content"]}]}

    body, _ = sent(ANTHROPIC, again, target())
    assert {"functionCall": {**CALL, "id": "c1"}, "thoughtSignature": "c2ln"} in body["contents"][1]["parts"]
    assert answer["stop_reason"] == "tool_use"


def test_anthropics_signature_returns_from_a_gemini_client() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "b3Bh"}
    answer: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [thought, hidden, {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Rome"}}],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }

    said = told(GEMINI, question(), ANTHROPIC, answer)
    result = {"role": "user", "parts": [{"functionResponse": {"id": "t1", "name": "weather", "response": {"result": "sun"}}}]}
    turns = {"contents": [*question()["contents"], said["candidates"][0]["content"], result]}

    body, _ = sent(GEMINI, turns, there(ANTHROPIC, "claude-sonnet-4-5"))
    blocks = body["messages"][1]["content"]
    assert [block["type"] for block in blocks] == ["thinking", "redacted_thinking", "tool_use"]
    assert (blocks[0], blocks[1]) == (thought, hidden)


def test_newer_models_are_told_of_calls_that_nobody_signed() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    asked: Json = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": [call, call]}],
    }

    body, _ = sent(OPENAI, asked, target("gemini-3-pro"))

    signed = [part.get("thoughtSignature") for part in body["contents"][1]["parts"]]
    assert signed == ["skip_thought_signature_validator", None]


@pytest.mark.parametrize("form", [Form.EVENTS, Form.ARRAY])
def test_openais_stream_to_a_gemini_client(form: Form) -> None:
    delta = {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "weather", "arguments": '{"city":'}}]}
    more = {"tool_calls": [{"index": 0, "function": {"arguments": '"Rome"}'}}]}
    deltas: list[Json] = [{"role": "assistant", "content": "Lo"}, {"content": "ok"}, delta, more]
    chunks: list[Json] = [{"id": "x", "model": "gpt", "choices": [{"index": 0, "delta": item}]} for item in deltas]
    chunks.append({"id": "x", "model": "gpt", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    chunks.append({"id": "x", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
    stream = b"".join(b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks) + b"data: [DONE]\n\n"
    asked = read(GEMINI, question(), form)
    relay = HUB.prepare(GEMINI, Kind.CHAT, asked, b"", there(OPENAI), None).relay

    out = relay.feed(stream) + relay.close()

    assert relay.fault is None
    items = (
        msgspec.json.decode(out)
        if form is Form.ARRAY
        else [msgspec.json.decode(line.removeprefix(b"data: ")) for line in out.split(b"\n\n") if line]
    )
    parts = [part for item in items for one in item["candidates"] for part in one["content"]["parts"]]
    assert "".join(part.get("text", "") for part in parts) == "Look"
    assert [part["functionCall"] for part in parts if "functionCall" in part] == [{**CALL, "id": "c1"}]
    assert items[-1]["candidates"][0]["finishReason"] == "STOP"
    assert items[-1]["usageMetadata"]["totalTokenCount"] == 7


def test_a_list_that_fails_is_a_list_to_its_end() -> None:
    asked = read(GEMINI, question(), Form.ARRAY)
    relay = HUB.prepare(GEMINI, Kind.CHAT, asked, b"", there(OPENAI), None).relay
    chunk = {"id": "x", "model": "gpt", "choices": [{"index": 0, "delta": {"content": "Well"}}]}

    out = relay.feed(b"data: %b\n\n" % msgspec.json.encode(chunk)) + relay.close()
    assert relay.fault is not None
    items = msgspec.json.decode(out + relay.fail(relay.fault, "req-1"))

    assert [next(iter(item)) for item in items] == ["candidates", "error"]


@pytest.mark.parametrize(
    "body",
    [
        {**question(), "generationConfig": {"maxOutputTokens": 1, "max_output_tokens": 9}},
        {**question(), "systemInstruction": {"parts": []}, "system_instruction": {"parts": []}},
        {**question(), "cachedContent": "a", "cached_content": "b"},
    ],
)
def test_two_spellings_of_one_field_are_refused(body: Json) -> None:
    with pytest.raises(Fault) as caught:
        ask(body)

    assert caught.value.code == "duplicate_field"


def test_both_spellings_are_understood() -> None:
    asked = ask({**question(), "generation_config": {"max_output_tokens": 9}, "cached_content": "c"})

    assert asked.max_tokens == 9
    assert "cachedContent" in asked.fields
    assert msgspec.json.decode(DIALECT.patch(Kind.CHAT, asked, target(), 5))["generationConfig"] == {"maxOutputTokens": 5}


def test_a_json_error_labelled_as_a_stream_is_a_fault() -> None:
    relay = DIALECT.untouched(Kind.CHAT, ask(question(), form=Form.EVENTS), target())

    out = relay.feed(b'{"error": {"code": 429, "message": "Slow down", ') + relay.feed(b'"status": "RESOURCE_EXHAUSTED"}}')

    assert out + relay.close() == b""
    assert relay.fault is not None
    assert relay.fault.code == "upstream_throttled"


def test_a_stream_without_its_end_is_severed() -> None:
    relay = DIALECT.untouched(Kind.CHAT, ask(question(), form=Form.EVENTS), target())
    relay.feed(b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]},"index":0}]}\n\n')

    relay.close()

    assert relay.fault is not None
    assert relay.fault.code == "severed"


def test_vectors_for_an_openai_client() -> None:
    body = msgspec.json.encode({"model": "m", "input": ["a", "b"], "dimensions": 2})
    asked = HUB.read_ask(OPENAI, Kind.EMBEDDINGS, body)
    prepared = HUB.prepare(OPENAI, Kind.EMBEDDINGS, asked, body, target("gemini-embedding-001"), None)

    sent_body = msgspec.json.decode(prepared.body)
    out = prepared.relay.feed(b'{"embeddings":[{"values":[0.5,1]},{"values":[2,3]}],"usageMetadata":{"promptTokenCount":4}}')

    assert [item["content"]["parts"][0]["text"] for item in sent_body["requests"]] == ["a", "b"]
    assert sent_body["requests"][0] == {
        "model": "models/gemini-embedding-001",
        "outputDimensionality": 2,
        "content": {"parts": [{"text": "a"}]},
    }
    assert [item["embedding"] for item in msgspec.json.decode(out)["data"]] == [[0.5, 1.0], [2.0, 3.0]]


def test_one_content_is_asked_as_a_batch_and_answered_as_one() -> None:
    asked = ask({"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY"}, Kind.EMBEDDINGS)

    body = msgspec.json.decode(DIALECT.patch(Kind.EMBEDDINGS, asked, target(), None))
    out = DIALECT.untouched(Kind.EMBEDDINGS, asked, target()).feed(b'{"embeddings":[{"values":[1.0]}]}')

    assert body["requests"] == [
        {"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY", "model": "models/gemini-2.5-flash"}
    ]
    assert msgspec.json.decode(out) == {"embedding": {"values": [1.0]}}


def test_an_openai_upstream_embeds_for_a_gemini_client() -> None:
    body = msgspec.json.encode({"content": {"parts": [{"text": "a"}]}})
    asked = HUB.read_ask(GEMINI, Kind.EMBEDDINGS, body, Where("m"))
    prepared = HUB.prepare(GEMINI, Kind.EMBEDDINGS, asked, body, there(OPENAI), None)

    out = prepared.relay.feed(
        b'{"object":"list","data":[{"index":0,"embedding":[1.0]}],"model":"m","usage":{"prompt_tokens":1}}'
    )

    assert msgspec.json.decode(prepared.body)["input"] in ("a", ["a"])
    assert msgspec.json.decode(out)["embedding"] == {"values": [1.0]}
