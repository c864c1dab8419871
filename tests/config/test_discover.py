"""Starting without a configuration: what the environment and this machine offer."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping

import msgspec
import pytest

from headworks.domain.snapshot import Snapshot
from headworks.wiring.compile import compile_config
from headworks.wiring.config_file import ConfigRefused
from headworks.wiring.discover import Discovery, discover, discover_some, list_models
from tests.config.compiling import CATALOG, given

Servers = Mapping[int, list[tuple[str, str]]]
"""Port → models with their owners."""


def found(env: Mapping[str, str], servers: Servers | None = None) -> Discovery:
    """What is found with this environment and these servers on this machine."""

    async def ask(host: str, port: int) -> bytes:
        assert host == "127.0.0.1"
        if port not in (servers or {}):
            raise ConnectionRefusedError
        listed = [{"id": name, "object": "model", "owned_by": owner} for name, owner in (servers or {})[port]]
        return json.dumps({"object": "list", "data": listed}).encode()

    return asyncio.run(discover(env, CATALOG, "hw-local", ask))


def snapshot_of(discovery: Discovery, env: Mapping[str, str]) -> Snapshot:
    """What would be served; the usual keys of the tests are not in the environment."""
    return compile_config(discovery.config, msgspec.structs.replace(given(), env=env)).snapshot


def target_of(snapshot: Snapshot, name: str) -> str:
    model = snapshot.find(name)
    return "" if model is None else f"{model.targets[0].name} at {model.targets[0].origin}"


def test_nothing_is_found_on_a_bare_machine() -> None:
    assert found({}).findings == ()


def test_who_needs_a_configuration_is_told_what_to_set_or_start() -> None:
    """It would be ready for ever, and answer every request with 404."""
    with pytest.raises(ConfigRefused) as refused:
        asyncio.run(discover_some({}, CATALOG, "hw-local", nobody))
    told = str(refused.value)

    for words in (
        "headworks.yaml",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "AZURE_OPENAI_ENDPOINT",
        "Ollama (11434",
        "headworks init",
    ):
        assert words in told


async def nobody(host: str, port: int) -> bytes:
    raise ConnectionRefusedError(f"{host}:{port}")


def test_keys_in_the_environment_are_found_and_served() -> None:
    env = {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2", "GROQ_API_KEY": " "}
    discovery = found(env)

    assert [(finding.provider, finding.by) for finding in discovery.findings] == [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
    ]
    snapshot = snapshot_of(discovery, env)
    assert target_of(snapshot, "gpt-4o") == "openai/gpt-4o at https://api.openai.com:443"
    assert target_of(snapshot, "claude-sonnet-4-5") == "anthropic/claude-sonnet-4-5 at https://api.anthropic.com:443"
    assert target_of(snapshot, "openai:o3") == "openai/o3 at https://api.openai.com:443"
    assert target_of(snapshot, "llama") == ""


def test_the_one_key_opens_the_door() -> None:
    env = {"OPENAI_API_KEY": "sk-1"}
    discovery = found(env)

    assert list(snapshot_of(discovery, env).principals) == [hashlib.sha256(b"hw-local").digest()]
    assert "hw-local" not in repr(discovery) + repr(discovery.config)


def test_local_servers_are_found_with_their_models() -> None:
    discovery = found({}, {11434: [("llama3:8b", "library"), ("qwen3", "library")], 8000: [("meta/llama", "vllm")]})

    assert [(finding.provider, finding.by, finding.models) for finding in discovery.findings] == [
        ("ollama", "http://127.0.0.1:11434", ("llama3:8b", "qwen3")),
        ("vllm", "http://127.0.0.1:8000", ("meta/llama",)),
    ]
    snapshot = snapshot_of(discovery, {})
    assert target_of(snapshot, "llama3:8b") == "ollama/llama3:8b at http://127.0.0.1:11434"
    assert target_of(snapshot, "meta/llama") == "vllm/meta/llama at http://127.0.0.1:8000"
    assert target_of(snapshot, "ollama/qwen3") == "ollama/qwen3 at http://127.0.0.1:11434"


def test_of_servers_that_share_a_port_one_is_found_by_what_it_calls_itself() -> None:
    discovery = found({}, {8000: [("llama", "tensorrt_llm")], 8080: [("gemma", "llamacpp")]})

    assert [(finding.provider, finding.by) for finding in discovery.findings] == [
        ("tensorrt-llm", "http://127.0.0.1:8000"),
        ("llamacpp", "http://127.0.0.1:8080"),
    ]


def test_a_server_is_what_it_says_not_where_it_listens() -> None:
    """A llama.cpp on vLLM's port, and something unknown on Ollama's."""
    discovery = found({}, {8000: [("gemma", "llamacpp")], 11434: [("other", "somebody")]})

    assert [(finding.provider, finding.by) for finding in discovery.findings] == [
        ("local-11434", "http://127.0.0.1:11434"),
        ("llamacpp", "http://127.0.0.1:8000"),
    ]
    snapshot = snapshot_of(discovery, {})
    model = snapshot.find("other")
    assert model is not None
    assert model.targets[0].price is not None
    assert model.targets[0].price.source == "free"


@pytest.mark.parametrize(
    ("written", "port"),
    [
        ("0.0.0.0:12000", 12000),
        ("http://127.0.0.1:12000", 12000),
        ("127.0.0.1", 11434),
        (":12000", 12000),
        ("127.0.0.1:x", 11434),
    ],
)
def test_ollamas_own_variable_says_where_it_is(written: str, port: int) -> None:
    (finding,) = found({"OLLAMA_HOST": written}, {port: [("llama3", "library")]}).findings

    assert finding.by == f"http://127.0.0.1:{port}"


def test_azure_needs_its_address_too() -> None:
    key = {"AZURE_OPENAI_API_KEY": "k"}
    endpoint = {"AZURE_OPENAI_ENDPOINT": "https://my-res.openai.azure.com/"}

    assert found(key).findings == ()
    snapshot = snapshot_of(found(key | endpoint), key)
    model = snapshot.find("azure/gpt-4o")
    assert model is not None
    assert (
        model.targets[0]
        .heads["chat"]
        .startswith(b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: my-res.openai.azure.com\r\n")
    )


async def answer_with(answer: bytes) -> bytes:
    """What `list_models` makes of a server's answer, over a real socket."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        return await list_models("127.0.0.1", server.sockets[0].getsockname()[1])


def test_a_real_server_is_asked() -> None:
    body = b'{"data":[{"id":"m"}]}'

    assert asyncio.run(answer_with(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + body)) == body


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found\r\n\r\n{}", b"SSH-2.0-OpenSSH_9\r\n", b""])
def test_what_is_no_model_server_is_passed_over(answer: bytes) -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(answer_with(answer))


def test_a_server_that_answers_nonsense_is_passed_over() -> None:
    async def ask(host: str, port: int) -> bytes:
        del host
        return b"<html>" if port == 8080 else b'{"data": {"a": 1}}'

    assert asyncio.run(discover({}, CATALOG, "hw", ask)).findings == ()
