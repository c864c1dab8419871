"""SDKs that know nothing of a gateway, pointed at what is passed through to their provider."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import openai
import pytest
import yaml
from mistralai.client import Mistral

from headworks.testing.emulator import EmulatorProcess
from tests.journey.passing import DOCUMENT
from tests.system.house import RunningHouse

KEY_A, KEY_B, KEY_C = "hw-passed-a", "hw-passed-b", "hw-passed-c"
_LINES = b'{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-5"}}\n'


@pytest.fixture(scope="module")
def passing(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    guide = yaml.safe_load(DOCUMENT)
    url = f"{emulator.urls['openai']}/v1"
    config = {
        "providers": {
            "openai": {
                **guide["providers"]["openai"],
                "type": "openai",
                "base_url": url,
                "api_key": "sk-1",
                "mounts": ["files", "batches"],
            },
            "mistral": {"base_url": url, "api_key": "sk-2"},
            "newcomer": {
                "type": "jina",
                "base_url": url,
                "api_key": "sk-3",
                "passthrough": {"POST /v1/chat/completions": {"price": "model"}},
                "prices": "openai",
            },
        },
        "models": {"reader": "mistral/mistral-large-latest", "smart": "openai/gpt-4o"},
        "keys": {
            "a": {"key": KEY_A, "features": ["passthrough", "files"]},
            "b": {"key": KEY_B, "features": ["passthrough", "files"]},
            "c": {"key": KEY_C},
        },
        "retries": {"attempts": 1},
    }
    with RunningHouse(tmp_path_factory.mktemp("passing"), config) as running:
        yield running


def client(house: RunningHouse, key: str, base: str = "/passthrough/openai/v1") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{house.url}{base}", api_key=key, max_retries=0)


@pytest.mark.parametrize("base", ["/passthrough/openai/v1", "/v1", ""])
def test_a_batch_from_its_file_to_its_answers_is_its_tenants_own(passing: RunningHouse, base: str) -> None:
    """Also where its provider is mounted at the gateway's own paths."""
    with client(passing, KEY_A, base) as ours, client(passing, KEY_B, base) as stranger:
        file = ours.files.create(file=("in.jsonl", _LINES), purpose="batch")
        batch = ours.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        again = ours.batches.retrieve(batch.id)

        assert again.input_file_id == file.id
        assert again.output_file_id is not None
        assert b'"custom_id":"1"' in ours.files.content(again.output_file_id).read()
        assert ours.batches.cancel(batch.id).status == "cancelled"
        for id_ in (file.id, batch.id, again.output_file_id):
            assert "_hw" in id_ or "-hw" in id_

        for refused in (
            lambda: stranger.files.retrieve(file.id),
            lambda: stranger.files.content(file.id),
            lambda: stranger.files.delete(file.id),
            lambda: stranger.batches.retrieve(batch.id),
            lambda: stranger.batches.cancel(batch.id),
            stranger.files.list,
            stranger.batches.list,
        ):
            with pytest.raises(openai.NotFoundError):
                refused()
        with pytest.raises(openai.BadRequestError, match="There is nothing here by the id"):
            stranger.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        assert ours.files.delete(file.id).deleted


def test_a_file_is_named_in_a_chat_of_its_tenant_alone(passing: RunningHouse) -> None:
    def ask(client: openai.OpenAI, file: str) -> str | None:
        parts = [{"type": "text", "text": "What is in it?"}, {"type": "file", "file": {"file_id": file}}]
        messages = [{"role": "user", "content": parts}]
        answer = client.chat.completions.create(model="smart", messages=messages)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return answer.choices[0].message.content

    with client(passing, KEY_A, "/v1") as ours, client(passing, KEY_B, "/v1") as stranger:
        file = ours.files.create(file=("a.pdf", b"%PDF-1.7"), purpose="user_data")

        assert ask(ours, file.id)
        with pytest.raises(openai.BadRequestError, match="There is nothing here by the id"):
            ask(stranger, file.id)
        with pytest.raises(openai.BadRequestError, match="There is nothing here by the id"):
            ask(ours, "file-1")


def test_what_no_line_is_about_is_not_found_at_the_gateways_own_paths(passing: RunningHouse) -> None:
    with client(passing, KEY_A, "/v1") as ours:
        with pytest.raises(openai.NotFoundError, match="Nothing is passed through"):
            ours.files.list()
        with pytest.raises(openai.NotFoundError, match="There is no GET"):
            ours.fine_tuning.jobs.list()


def test_who_was_not_allowed_is_told_so(passing: RunningHouse) -> None:
    with client(passing, KEY_C) as ours, pytest.raises(openai.PermissionDeniedError, match="lacks the feature 'passthrough'"):
        ours.files.retrieve("file-1")


def test_mistral_reads_documents(passing: RunningHouse) -> None:
    with Mistral(api_key=KEY_A, server_url=f"{passing.url}/passthrough/mistral") as ours:
        read = ours.ocr.process(
            model="mistral-ocr-latest", document={"type": "document_url", "document_url": "https://x.test/a.pdf"}, pages=[0, 3]
        )

    assert [page.markdown for page in read.pages] == ["# Page 0", "# Page 3"]
    passing.wait_for(lambda: any(record.asked == "mistral-ocr-latest" for record in passing.ended()), "the record")
    (end,) = [record for record in passing.ended() if record.asked == "mistral-ocr-latest"]
    assert (end.kind, end.ending, end.usage.pages) == ("passthrough", "finished", 2)
    assert end.cost == 2 * 4_000_000


def test_events_of_an_endpoint_that_nobody_here_knows_come_as_they_are(passing: RunningHouse) -> None:
    with openai.OpenAI(base_url=f"{passing.url}/passthrough/newcomer/v1", api_key=KEY_A, max_retries=0) as ours:
        asked = ours.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "Tell me of rivers."}],
            stream=True,
            stream_options={"include_usage": True},
        )
        *chunks, last = list(asked)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert last.usage is not None
    passing.wait_for(lambda: any(record.provider == "newcomer" for record in passing.ended()), "the record")
    (end,) = [record for record in passing.ended() if record.provider == "newcomer"]
    assert (end.stream, end.usage.input, end.usage.output) == (True, last.usage.prompt_tokens, last.usage.completion_tokens)
    assert end.cost > 0


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/passthrough/openai/v1/../v1/files", 404),
        ("GET", "/passthrough/openai/v1/files", 404),
        ("GET", "//passthrough/openai/v1/files/x", 404),
        ("GET", "/PASSTHROUGH/openai/v1/files/x", 404),
        ("GET", "/v1/passthrough/openai/v1/files/x", 404),
        ("HEAD", "/passthrough/openai/v1/files/x", 405),
        ("TRACE", "/passthrough/openai/v1/files/x", 405),
        ("OPTIONS", "/passthrough/openai/v1/files/x", 204),
        ("GET", "/passthrough/openai/v1/files/x", 404),
        ("POST", "/passthrough/mistral/v1/ocr?key=hw-passed-a", 400),
    ],
)
def test_at_the_door(passing: RunningHouse, method: str, target: str, status: int) -> None:
    """As it is on the wire, with no client library to straighten it."""
    body = b"{}" if method == "POST" else None
    assert status_of(passing, method, target, body, {"authorization": f"Bearer {KEY_A}"}) == status


def test_a_key_in_the_query_is_no_key(passing: RunningHouse) -> None:
    assert status_of(passing, "GET", f"/passthrough/openai/v1/files/x?key={KEY_A}") == 401


def status_of(
    house: RunningHouse, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=10)) as connection:
        connection.request(method, target, body=body, headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status
