"""Where requests go: base URLs as people write them, heads as providers want them."""

from __future__ import annotations

import pytest

from headworks.domain.target import Target
from tests.config.compiling import compiled, report_of


def target_of(provider: str, env: dict[str, str] | None = None, files: dict[str, str] | None = None) -> Target:
    """The target `p/m` of a provider called `p` with these settings."""
    text = f"providers: {{p: {provider}}}\nmodels: {{m: p/m}}\nprices: {{p/m: free}}\n"
    return compiled(text, env, files).snapshot.models["m"].targets[0]


def request_line(target: Target, kind: str = "chat") -> str:
    return target.heads[kind].split(b"\r\n")[0].decode()


def headers(target: Target, kind: str = "chat") -> dict[str, str]:
    lines = target.heads[kind].decode().split("\r\n")[1:-1]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


BASE_URLS = [
    ("openai-compatible", "http://gpu1:8000", "openai_chat", "/v1/chat/completions"),
    ("openai-compatible", "http://gpu1:8000/", "openai_chat", "/v1/chat/completions"),
    ("openai-compatible", "http://gpu1:8000/v1", "openai_chat", "/v1/chat/completions"),
    ("openai-compatible", "http://gpu1:8000/v1/", "openai_chat", "/v1/chat/completions"),
    ("openai-compatible", "https://host/api/v2/cortex/v1", "openai_chat", "/api/v2/cortex/v1/chat/completions"),
    ("openai-compatible", "https://host/models", "openai_chat", "/models/chat/completions"),
    ("anthropic-compatible", "https://host", "anthropic", "/v1/messages"),
    ("anthropic-compatible", "https://host/v1", "anthropic", "/v1/messages"),
    ("anthropic-compatible", "https://host/anthropic", "anthropic", "/anthropic/v1/messages"),
    ("vllm", "http://gpu1:8000/pool/v1", "openai_chat", "/pool/v1/chat/completions"),
    ("vllm", "http://gpu1:8000/pool/v1", "anthropic", "/pool/v1/messages"),
    ("deepseek", "https://proxy/deepseek/v1", "anthropic", "/deepseek/anthropic/v1/messages"),
    ("zai", "https://api.z.ai/api/paas/v4", "anthropic", "/api/anthropic/v1/messages"),
    ("perplexity", "https://api.perplexity.ai", "openai_chat", "/chat/completions"),
]


@pytest.mark.parametrize(("kind", "url", "dialect", "path"), BASE_URLS)
def test_a_base_url_is_read_as_client_libraries_read_it(kind: str, url: str, dialect: str, path: str) -> None:
    target = target_of(f"{{type: {kind}, base_url: '{url}', api_key: '${{OPENAI_API_KEY}}'}}")

    spoken = target if target.dialect == dialect else target.variants[dialect]

    assert request_line(spoken) == f"POST {path} HTTP/1.1"


def test_an_unusual_path_leaves_only_the_first_dialect() -> None:
    """Nobody can know where the other one would be."""
    target = target_of("{type: vllm, base_url: 'http://gpu1:8000/openai'}")

    assert request_line(target) == "POST /openai/chat/completions HTTP/1.1"
    assert target.variants == {}


def test_a_head_is_complete_but_for_the_length() -> None:
    assert target_of("{type: openai}").heads["chat"].decode() == (
        "POST /v1/chat/completions HTTP/1.1\r\n"
        "host: api.openai.com\r\n"
        "content-type: application/json\r\n"
        "accept: application/json, text/event-stream\r\n"
        "accept-encoding: identity\r\n"
        "user-agent: headworks/1.2.3\r\n"
        "authorization: Bearer sk-openai\r\n"
    )


@pytest.mark.parametrize(
    ("provider", "name", "value"),
    [
        ("{type: openai}", "authorization", "Bearer sk-openai"),
        ("{type: anthropic}", "x-api-key", "sk-anthropic"),
        ("{type: azure, resource: mine, api_key: '${OPENAI_API_KEY}'}", "api-key", "sk-openai"),
        ("{type: openai, headers: {authorization: 'Basic ${OPENAI_API_KEY}'}}", "authorization", "Basic sk-openai"),
        ("{type: openai, headers: {X-Team: search}}", "x-team", "search"),
        ("{type: vllm, base_url: 'http://gpu:8000', api_key: 'file:key.txt'}", "authorization", "Bearer from-file"),
        ("{type: vllm, base_url: 'http://gpu:8000'}", "host", "gpu:8000"),
        ("{type: vllm, base_url: 'http://[::1]:80'}", "host", "[::1]"),
        ("{type: vllm, base_url: 'https://GPU'}", "host", "gpu"),
    ],
)
def test_headers(provider: str, name: str, value: str) -> None:
    assert headers(target_of(provider, files={"/etc/hw/key.txt": "from-file\n"}))[name] == value


def test_no_key_no_header() -> None:
    assert "authorization" not in headers(target_of("{type: ollama}"))


def test_azure_is_called_by_its_resource() -> None:
    target = target_of("{type: azure, resource: my-res, api_key: '${OPENAI_API_KEY}'}")

    assert str(target.origin) == "https://my-res.openai.azure.com:443"
    assert request_line(target) == "POST /openai/v1/chat/completions HTTP/1.1"


def test_a_client_may_send_its_own_version() -> None:
    """So the version is no part of the prebuilt head."""
    target = target_of("{type: anthropic}")

    assert target.default_headers == {b"anthropic-version": b"2023-06-01"}
    assert "anthropic-version" not in headers(target)


def test_the_operators_version_is_the_default_then() -> None:
    target = target_of("{type: anthropic, headers: {anthropic-version: 2024-01-01, anthropic-beta: tools}}")

    assert target.default_headers == {b"anthropic-version": b"2024-01-01", b"anthropic-beta": b"tools"}


def test_heads_know_all_endpoints_of_a_dialect() -> None:
    target = target_of("{type: vllm}")

    assert {kind: request_line(target, kind) for kind in target.heads} == {
        "chat": "POST /v1/chat/completions HTTP/1.1",
        "completions": "POST /v1/completions HTTP/1.1",
        "embeddings": "POST /v1/embeddings HTTP/1.1",
        "rerank": "POST /v1/rerank HTTP/1.1",
        "moderations": "POST /v1/moderations HTTP/1.1",
        "images": "POST /v1/images/generations HTTP/1.1",
        "image_edits": "POST /v1/images/edits HTTP/1.1",
        "image_variations": "POST /v1/images/variations HTTP/1.1",
        "speech": "POST /v1/audio/speech HTTP/1.1",
        "transcriptions": "POST /v1/audio/transcriptions HTTP/1.1",
        "translations": "POST /v1/audio/translations HTTP/1.1",
        "realtime": "GET /v1/realtime?model=m HTTP/1.1",
    }
    assert request_line(target.variants["anthropic"], "count_tokens") == "POST /v1/messages/count_tokens HTTP/1.1"


def test_variants_are_the_same_target_in_another_tongue() -> None:
    target = target_of("{type: deepseek}")
    other = target.variants["anthropic"]

    assert (target.dialect, other.dialect) == ("openai_chat", "anthropic")
    assert (other.name, other.model, other.price) == (target.name, target.model, target.price)
    assert headers(target)["authorization"] == "Bearer sk-deepseek"
    assert headers(other)["x-api-key"] == "sk-deepseek"


def test_an_operator_may_keep_to_one_dialect() -> None:
    """An old Ollama knows no /v1/messages."""
    target = target_of("{type: ollama, dialects: [openai_chat]}")

    assert target.variants == {}


@pytest.mark.parametrize(
    ("env", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://squid:3128"}, "https://api.x.test", "http://squid:3128"),
        ({"https_proxy": "http://squid:3128"}, "https://api.x.test", "http://squid:3128"),
        ({"ALL_PROXY": "http://squid:3128"}, "https://api.x.test", "http://squid:3128"),
        ({"HTTPS_PROXY": "http://squid:3128"}, "http://api.x.test", ""),
        ({"HTTP_PROXY": "http://squid:3128"}, "http://localhost:8000", ""),
        ({"HTTPS_PROXY": "http://squid:3128", "NO_PROXY": "x.test"}, "https://api.x.test", ""),
        ({"HTTPS_PROXY": "http://squid:3128", "NO_PROXY": ".x.test"}, "https://api.x.test", ""),
        ({"HTTPS_PROXY": "http://squid:3128", "NO_PROXY": "api.x.test:8443"}, "https://api.x.test", "http://squid:3128"),
        ({"HTTPS_PROXY": "http://squid:3128", "NO_PROXY": "x.te"}, "https://api.x.test", "http://squid:3128"),
        ({"HTTPS_PROXY": "http://squid:3128", "NO_PROXY": "*"}, "https://api.x.test", ""),
    ],
)
def test_the_environment_names_a_proxy(env: dict[str, str], url: str, proxy: str) -> None:
    assert target_of(f"{{type: vllm, base_url: '{url}'}}", env).origin.proxy == proxy


def test_the_document_overrules_the_environments_proxy() -> None:
    env = {"HTTPS_PROXY": "http://squid:3128", "PW": "hush"}

    assert target_of("{type: openai, proxy: ''}", env).origin.proxy == ""
    own = target_of("{type: openai, proxy: 'http://me:${PW}@other:1'}", env).origin
    assert own.proxy == "http://me:hush@other:1"
    assert "hush" not in repr(own)


def test_certificates_are_looked_for_beside_the_document() -> None:
    target = target_of("{type: vllm, tls: {ca_file: ca.pem}}", files={"/etc/hw/ca.pem": "PEM"})

    assert target.origin.tls.ca_file == "/etc/hw/ca.pem"
    assert "'/etc/hw/no.pem' cannot be read" in report_of("providers: {vllm: {tls: {ca_file: no.pem}}}")


def test_timeouts_lie_over_one_another() -> None:
    text = (
        "timeouts: {connect: 1, idle: 1, total: 1}\n"
        "providers: {openai: {timeouts: {idle: 2, total: 2}}}\n"
        "models: {m: {targets: [{model: openai/gpt-4o, timeouts: {total: 3}}]}}\n"
    )
    timeouts = compiled(text).snapshot.models["m"].targets[0].timeouts

    assert (timeouts.connect, timeouts.idle, timeouts.total, timeouts.first_byte) == (1, 2, 3, 120)
