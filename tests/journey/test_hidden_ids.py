"""Ways to name what a provider keeps so that the gateway would overlook it and the provider would not: none leads there."""

from __future__ import annotations

import asyncio

import pytest

from headworks.domain.principal import Principal

from .tenants import A, B, Said, Tenants

_DOORS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "openai_responses, counted": "/v1/responses/input_tokens",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/native:generateContent",
    "gemini, counted": "/v1beta/models/native:countTokens",
    "gemini, embedded": "/v1beta/models/native:embedContent",
    "gemini, embedded by the batch": "/v1beta/models/native:batchEmbedContents",
}
_ALL = Principal(
    id="key_b",
    organisation="org_b",
    features=("files", "server_tools", "code_execution", "prompt", "container", "cached_content"),
)
_NOTHING = Principal(id="key_b", organisation="org_b")


def asked(front: str, body: str, principal: Principal) -> tuple[Said, int]:
    """What B is told, and how many requests the provider saw."""

    async def scenario() -> tuple[Said, int]:
        tenants = Tenants()
        tenants.house.others[B] = principal
        said = await tenants.ask(B, "POST", _DOORS[front], ('{"model":"native","max_tokens":9,' + body + "}").encode())
        return said, len(tenants.provider.asked)

    return asyncio.run(scenario())


def _chat(message: str) -> str:
    return f'"messages":[{{"role":"user",{message}}}]'


def _gemini(uri: str) -> str:
    return f'"contents":[{{"parts":[{{"fileData":{{"fileUri":"{uri}"}}}}]}}]'


_PART = '{"type":"file","file":{"file_id":"file-of-a"}}'
_FILE = '{"type":"input_file","file_id":"file-of-a"}'
_URI = "https://generativelanguage.googleapis.com/v1beta/files/of-a"
_STORED = f'{{"parts":[{{"fileData":{{"fileUri":"{_URI}"}}}}]}}'
_WITHOUT_FEATURE = [
    ("openai_chat", _chat(f'"type":"tool_use","content":[{_PART}]')),
    ("openai_chat", _chat('"content":[{"type":"tool_use","file":{"file_id":"file-of-a"}}]')),
    ("openai_chat", _chat('"content":[{"type":"file","file":{"file_id":"file-of-a","file_id":""}}]')),
    ("openai_chat", _chat('"content":[{"type":"file","file":{"file_id":"file-of-a","file_id":null}}]')),
    ("openai_responses", f'"input":[{{"type":"tool_use","role":"user","content":[{_FILE}]}}]'),
    ("openai_responses, counted", f'"input":[{{"role":"user","type":"x_tool_use","content":[{_FILE}]}}]'),
    ("openai_responses", '"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-of-a","file_id":""}]}]'),
    ("anthropic", _chat('"type":"tool_use","content":[{"type":"container_upload","file_id":"file_of_a"}]')),
    ("gemini", _gemini(_URI)),
    ("gemini", _gemini(_URI).replace("fileUri", r"fil\u0065Uri")),
    ("gemini", _gemini(_URI).replace("fileData", r"fil\u0065Data").replace("fileUri", r"\u0066ile_uri")),
    ("gemini", f'"contents":[{{"parts":[{{"text":"?"}}]}}],"systemInstruction":{_STORED}'),
    ("gemini", f'"contents":[{{"parts":[{{"text":"?"}}]}}],"system_instruction":{_STORED}'),
    ("gemini, counted", f'"generateContentRequest":{{"contents":[{_STORED}]}}'),
    ("gemini, counted", f'"generate_content_request":{{"contents":[{_STORED}]}}'),
    (
        "gemini, counted",
        '"generateContentRequest":{"contents":[{"parts":[{"text":"?"}]}],"cachedContent":"cachedContents/of-a"}',
    ),
    (
        "gemini, counted",
        '"generateContentRequest":{"contents":[{"parts":[{"text":"?"}]}],"cached_content":"cachedContents/of-a"}',
    ),
    ("gemini, embedded", f'"content":{_STORED}'),
    ("gemini, embedded by the batch", f'"requests":[{{"content":{_STORED}}}]'),
]
_STORES = '"tools":[{"fileSearch":{"fileSearchStoreNames":["fileSearchStores/of-a"]}}]'
_WITH_FEATURE = [
    *_WITHOUT_FEATURE,
    *(
        ("gemini", _gemini(uri))
        for uri in (
            "files/of-a",
            "gs://bucket/of-a",
            "GS://bucket/of-a",
            "HTTPS://GenerativeLanguage.GoogleApis.Com/v1beta/files/of-a",
            "https://generativelanguage.googleapis.com:443/v1beta/files/of-a",
            "https://generativelanguage.googleapis.com./v1beta/files/of-a",
            "https://x@generativelanguage.googleapis.com/v1beta/files/of-a",
            "https://generativelanguage.googleapis.com?x=/v1beta/files/of-a",
            "https://generativelanguage%2Egoogleapis.com/v1beta/files/of-a",
            r"https://generativelanguage.googleapis.com\\v1beta/files/of-a",
            r"https:\n//generativelanguage.googleapis.com/v1beta/files/of-a",
            "https://storage.cloud.google.com/bucket/of-a",
            "https:generativelanguage.googleapis.com/v1beta/files/of-a",
            "://generativelanguage.googleapis.com/v1beta/files/of-a",
            "https://generativelanguage\uff0egoogleapis.com/v1beta/files/of-a",
        )
    ),
    ("gemini", f'"contents":[{{"parts":[{{"text":"?"}}]}}],{_STORES}'),
    (
        "gemini",
        f'"contents":[{{"parts":[{{"text":"?"}}]}}],{_STORES.replace("fileSearchStoreNames", "file_search_store_names")}',
    ),
    ("gemini, counted", f'"generateContentRequest":{{"contents":[{{"parts":[{{"text":"?"}}]}}],{_STORES}}}'),
    ("openai_chat", _chat('"content":[{"type":"file","file":{"file_id":"account:file-of-a"}}]')),
    ("openai_chat", _chat('"content":[{"type":"","file":{"type":"","file_id":"file-of-a"}}]')),
    ("openai_chat", '"messages":[{"role":"assistant","audio":{"id":"audio_of_a"}}]'),
    ("openai_chat", r'"messages":[{"role":"assistant","\u0061udio":{"id":"audio_of_a"}}]'),
    ("anthropic", _chat('"content":"?"') + ',"container":{"skills":[{"type":"custom","skill_id":"skill_of_a"}]}'),
    ("openai_responses", '"input":"?","tools":[{"type":"image_generation","input_image_mask":{"file_id":"file-of-a"}}]'),
    ("openai_responses", f'"input":"?","prompt":{{"id":"pmpt_1","variables":{{"x":{_FILE}}}}}'),
]


@pytest.mark.parametrize(("front", "body"), _WITHOUT_FEATURE)
def test_who_may_not_use_stored_things_cannot_name_one(front: str, body: str) -> None:
    said, sent = asked(front, body, _NOTHING)

    assert (said.status, sent) == (403 if b"feature" in said.body else 400, 0), said


@pytest.mark.parametrize(("front", "body"), _WITH_FEATURE)
def test_who_may_use_them_can_name_none_of_anothers(front: str, body: str) -> None:
    said, sent = asked(front, body, _ALL)

    assert (said.status, sent) == (400, 0), said


@pytest.mark.parametrize(
    ("front", "body"),
    [
        ("gemini", _gemini("https://www.youtube.com/watch?v=1")),
        ("gemini", _gemini("https://files.test:8443/a/b.pdf?x=https://y.googleapis.com/#z")),
        ("gemini", _gemini("http://notgoogleapis.com/a")),
        ("anthropic", _chat('"content":"?"') + ',"container":{"skills":[{"type":"anthropic","skill_id":"pptx"}]}'),
        ("openai_chat", _chat('"content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]')),
        ("anthropic", _chat('"content":[{"type":"tool_use","id":"t","name":"n","input":{"file_id":"mine"}}]')),
        (
            "openai_responses",
            '"input":"?","tools":[{"type":"function","name":"f","parameters":{"default":{"file_id":"mine"}}}]',
        ),
    ],
)
def test_what_is_everybodys_or_the_callers_own_goes_on(front: str, body: str) -> None:
    _, sent = asked(front, body, _ALL)

    assert sent == 1


def test_a_spoken_answer_is_gone_on_from_by_its_tenant_alone() -> None:
    async def scenario() -> None:
        tenants = Tenants()
        path, speaking = "/v1/chat/completions", {"model": "chat", "modalities": ["text", "audio"]}
        question = {"role": "user", "content": "?"}
        said = await tenants.ask(A, "POST", path, {**speaking, "messages": [question]})
        token = said.json["choices"][0]["message"]["audio"]["id"]
        on = {**speaking, "messages": [question, {"role": "assistant", "audio": {"id": token}}, question]}
        assert (await tenants.ask(B, "POST", path, on)).status == 400
        assert (await tenants.ask(A, "POST", path, on)).status == 200
        assert [body["messages"][1]["audio"]["id"] for _, body in tenants.provider.asked[1:]] == ["audio_0abcdef"]
        assert token != "audio_0abcdef"

    asyncio.run(scenario())
