"""Azure through the whole gateway: deployments, the v1 API and Foundry's models, by key and by a token of Entra ID."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from headworks.domain.usage import Certainty
from headworks.testing.certificates import self_signed
from tests.clouds.azure import CLIENT, KEY, SECRET, TEXT, TOKEN, USED, SmallEntra, models
from tests.providers.token_server import TokenServer
from tests.system.house import KEY as CALLER
from tests.system.house import RunningHouse

Json = dict[str, Any]

DOORS = {
    "deployment": ("azure-classic", "/openai/deployments"),
    "v1": ("azure", "/openai/v1"),
    "foundry": ("azure-ai", "/models"),
}
CHATS = [f"{door}-{way}" for door in DOORS for way in ("by-key", "by-token")]


@pytest.fixture(scope="module")
def entra() -> SmallEntra:
    return SmallEntra()


@pytest.fixture(scope="module")
def house(entra: SmallEntra, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    directory = tmp_path_factory.mktemp("azure")
    certificate = self_signed(directory)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.cert, certificate.key)
    environment = {"REQUESTS_CA_BUNDLE": str(certificate.cert), "ENTRA_SECRET": SECRET}
    with TokenServer(models).running() as cloud, TokenServer(entra, tls).running() as sign_in:
        entra.url = sign_in.url
        with RunningHouse(directory, _config(cloud.url, sign_in.url), environment) as running:
            yield running


def _config(cloud: str, sign_in: str) -> Json:
    token = {
        "type": "entra",
        "tenant": "my-tenant",
        "client_id": CLIENT,
        "client_secret": "${ENTRA_SECRET}",
        "authority": sign_in,
    }
    providers = {
        f"{door}-{way}": {"type": kind, "base_url": cloud + path, **shown}
        for door, (kind, path) in DOORS.items()
        for way, shown in (("by-key", {"api_key": KEY}), ("by-token", {"auth": token}))
    }
    providers["stranger"] = {"type": "azure-classic", "base_url": f"{cloud}/openai/deployments", "api_key": "not-known-there"}
    return {
        "providers": providers,
        "models": {name: f"{name}/my-model" for name in providers},
        "prices": {f"{name}/*": {"input": 1, "output": 2} for name in providers},
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000, "cooldown": 0, "cooldown_cap": 0},
    }


@pytest.fixture
def gpt(house: RunningHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key=CALLER, max_retries=0) as client:
        yield client


def asked(model: str, text: str = "What is the capital of Norway?") -> Json:
    return {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 50}


@pytest.mark.parametrize("model", CHATS)
def test_openais_sdk_chats(house: RunningHouse, gpt: openai.OpenAI, model: str) -> None:
    whole = gpt.chat.completions.create(**asked(model))
    assert whole.choices[0].message.content == TEXT

    with gpt.chat.completions.create(**asked(model), stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    for request_id in (str(whole._request_id), stream.response.headers["x-request-id"]):
        record = house.record(request_id)
        assert (record.usage.input, record.usage.output) == (USED.input, USED.output)
        assert record.certainty is Certainty.REPORTED


@pytest.mark.parametrize("model", CHATS)
def test_anthropics_sdk_gets_messages(house: RunningHouse, model: str) -> None:
    with (
        anthropic.Anthropic(base_url=house.url, api_key=CALLER, max_retries=0) as claude,
        claude.messages.stream(**asked(model)) as stream,
    ):
        final = stream.get_final_message()

    assert [block.text for block in final.content if block.type == "text"] == [TEXT]


@pytest.mark.parametrize("model", CHATS)
def test_vectors(gpt: openai.OpenAI, model: str) -> None:
    assert gpt.embeddings.create(model=model, input="Oslo", encoding_format="float").data[0].embedding == [0.5]


@pytest.mark.parametrize("model", ["deployment-by-key", "v1-by-token"])
def test_what_the_filter_stops_is_told_to_the_caller(gpt: openai.OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError, match="content management policy") as told:
        gpt.chat.completions.create(**asked(model, "forbidden"))

    assert told.value.code == "content_filter"


def test_what_azure_says_of_our_keys_is_the_operators_alone(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as told:
        gpt.chat.completions.create(**asked("stranger"))

    assert (told.value.status_code, told.value.code) == (502, "upstream_credentials")
    assert "subscription key" not in str(told.value)


def test_one_token_serves_all_providers_of_one_application_and_nothing_secret_is_written(
    entra: SmallEntra, house: RunningHouse
) -> None:
    written = house.output.read_text() + "".join(path.read_text("utf-8", "replace") for path in house.journal.rglob("*.jsonl"))

    assert entra.given == 1
    for secret in (KEY, TOKEN, SECRET):
        assert secret not in written
