"""What a request becomes: the route it takes, the call it is made into, and what is answered without a journey."""

from __future__ import annotations

import re

import pytest

from headworks.domain.body import Replay
from headworks.domain.kind import Kind
from headworks.domain.where import Form, Where
from headworks.edge.ids import exchange_id
from headworks.testing import seeded
from tests.edge.rig import Client, House, get, post, run


@pytest.mark.parametrize("prefix", [b"/v1", b"", b"/v1/v1"])
@pytest.mark.parametrize(
    ("method", "path", "kind", "front"),
    [
        (b"POST", b"/chat/completions", Kind.CHAT, "openai_chat"),
        (b"POST", b"/completions", Kind.COMPLETIONS, "openai_chat"),
        (b"POST", b"/embeddings", Kind.EMBEDDINGS, "openai_chat"),
        (b"GET", b"/models", Kind.MODELS, "openai_chat"),
        (b"GET", b"/models/gpt-4o", Kind.MODEL, "openai_chat"),
        (b"POST", b"/messages", Kind.CHAT, "anthropic"),
        (b"POST", b"/messages?beta=true", Kind.CHAT, "anthropic"),
        (b"POST", b"/messages/count_tokens", Kind.COUNT_TOKENS, "anthropic"),
        (b"POST", b"/messages/", Kind.CHAT, "anthropic"),
    ],
)
def test_a_path_leads_to_its_endpoint(prefix: bytes, method: bytes, path: bytes, kind: Kind, front: str) -> None:
    async def job() -> None:
        house = House()
        client = Client(house)

        await client.send(get(prefix + path, method=method) if method == b"GET" else post(prefix + path))

        assert client.answered.status == 200
        assert (house.journey.call.kind, house.journey.call.front) == (kind, front)

    run(job())


GEMINI_CHAT = b":generateContent"
GEMINI_STREAM = b":streamGenerateContent"


@pytest.mark.parametrize("prefix", [b"/v1beta", b"/v1", b"", b"/v1beta1/projects/p/locations/eu/publishers/google"])
@pytest.mark.parametrize(
    ("ending", "kind", "form"),
    [
        (GEMINI_CHAT, Kind.CHAT, Form.WHOLE),
        (GEMINI_STREAM + b"?alt=sse", Kind.CHAT, Form.EVENTS),
        (GEMINI_STREAM + b"?$foo=bar&alt=sse", Kind.CHAT, Form.EVENTS),
        (GEMINI_STREAM, Kind.CHAT, Form.ARRAY),
        (GEMINI_STREAM + b"?alt=json", Kind.CHAT, Form.ARRAY),
        (b":countTokens", Kind.COUNT_TOKENS, Form.WHOLE),
        (b":embedContent", Kind.EMBEDDINGS, Form.WHOLE),
        (b":batchEmbedContents", Kind.EMBEDDINGS, Form.WHOLE),
    ],
)
def test_a_path_of_geminis_names_the_model_and_the_form_of_the_answer(
    prefix: bytes, ending: bytes, kind: Kind, form: Form
) -> None:
    async def job() -> None:
        house = House()

        await Client(house).send(post(prefix + b"/models/tuned%2Fgemini-3" + ending))

        call = house.journey.call
        assert (call.front, call.kind, call.where) == ("gemini", kind, Where("tuned/gemini-3", form))

    run(job())


@pytest.mark.parametrize(
    ("path", "front", "kind"),
    [
        (b"/v1beta/models", "gemini", Kind.MODELS),
        (b"/v1beta/models/gemini-3", "gemini", Kind.MODEL),
        (b"/v1/models/ft:gpt-4o:acme", "openai_chat", Kind.MODEL),
    ],
)
def test_lists_of_models_speak_geminis_language_under_its_own_version_alone(path: bytes, front: str, kind: Kind) -> None:
    async def job() -> None:
        house = House()

        await Client(house).send(get(path))

        assert (house.journey.call.front, house.journey.call.kind) == (front, kind)

    run(job())


@pytest.mark.parametrize(
    ("target", "header", "shown"),
    [
        (b"/v1beta/models/m:generateContent?key=hw-a%2Bb", b"", b"hw-a+b"),
        (b"/v1beta/models/m:generateContent?alt=json&key=hw-a", b"x-goog-api-key: hw-b", b"hw-b"),
        (b"/v1/chat/completions?key=hw-a", b"", None),
    ],
)
def test_a_key_in_the_query_counts_for_geminis_paths_where_no_header_shows_one(
    target: bytes, header: bytes, shown: bytes | None
) -> None:
    async def job() -> None:
        house = House()

        await Client(house).send(post(target, b"{}", *([header] if header else [])))

        assert house.journey.call.headers.get(b"x-goog-api-key") == shown

    run(job())


def test_models_speak_the_dialect_of_who_asks() -> None:
    async def job() -> None:
        house = House()
        client = Client(house)

        await client.send(
            get(b"/v1/models"),
            get(b"/v1/models", b"anthropic-version: 2023-06-01"),
            get(b"/v1/models", b"x-goog-api-key: hw-1"),
            get(b"/v1/models/gpt", b"x-goog-api-key: hw-1"),
        )

        assert [call.front for call in house.journey.calls] == ["openai_chat", "anthropic", "gemini", "gemini"]

    run(job())


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        (b"/v1/models/gpt-4o", "gpt-4o"),
        (b"/v1/models/openai/gpt-4o", "openai/gpt-4o"),
        (b"/models/openai%2Fgpt%204o", "openai/gpt 4o"),
        (b"/v1/models/m%C3%BCller?x=1", "müller"),
        (b"/v1/models/%ff", "\ufffd"),
    ],
)
def test_a_model_named_in_the_path_is_the_calls_subject(path: bytes, subject: str) -> None:
    async def job() -> None:
        house = House()

        await Client(house).send(get(path))

        assert house.journey.call.where.subject == subject

    run(job())


def test_a_call_carries_what_the_request_said() -> None:
    async def job() -> None:
        house = House()
        client = Client(house)

        await client.send(
            post(b"/v1/chat/completions", b'{"a":1}', b"Authorization:  Bearer hw-1 \t", b"X-Tag: a", b"x-tag: b")
        )
        call = house.journey.call

        assert call.headers == {
            b"host": b"gateway",
            b"content-length": b"7",
            b"authorization": b"Bearer hw-1",
            b"x-tag": b"a, b",
        }
        assert (call.body.data, call.body.complete, call.body.replay) == (b'{"a":1}', True, Replay.WHOLE)
        assert call.peer == "192.0.2.7"
        assert (call.at, call.began) == (house.clock.wall_ns(), house.clock.now())
        assert call.snapshot is house.snapshot
        assert client.answered.headers["x-request-id"] == call.id

    run(job())


def test_a_call_keeps_the_snapshot_it_began_with() -> None:
    async def job() -> None:
        house = House()
        old, client = house.snapshot, Client(house)

        await client.send(post())
        house.snapshot = House().snapshot
        await client.send(post())

        assert [call.snapshot for call in house.journey.calls] == [old, house.snapshot]

    run(job())


def test_ids_are_uuids_that_sort_by_time() -> None:
    chance = seeded(7)
    ids = [exchange_id(ms * 1_000_000, chance) for ms in range(1_767_225_600_000, 1_767_225_600_300)]

    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", name) for name in ids)
    assert int(ids[0][:12], 16) == 1_767_225_600_000


@pytest.mark.parametrize("path", [b"/livez", b"/readyz", b"/healthz", b"/health/liveliness", b"/health/readiness", b"/livez?x"])
def test_probes_are_answered_without_a_journey(path: bytes) -> None:
    async def job() -> None:
        house = House()
        client = Client(house)

        await client.send(get(path))

        assert (client.answered.status, client.answered.body) == (200, b'{"status":"ok"}')
        assert house.journey.calls == []

    run(job())


def test_only_readiness_fails_while_draining() -> None:
    async def job() -> None:
        client = Client(House())
        client.state.draining = True
        await client.send(get(b"/readyz"))
        other = Client(House())
        other.state.draining = True
        await other.send(get(b"/livez"))

        assert (client.answered.status, client.answered.body) == (503, b'{"status":"draining"}')
        assert other.answered.status == 200

    run(job())


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (b"/v1/chat/completion", "POST /v1/chat/completions"),
        (b"/v1/message", "POST /v1/messages"),
        (b"/v1/embedding?x", "POST /v1/embeddings"),
    ],
)
def test_an_unknown_path_is_told_the_nearest_one(path: bytes, nearest: str) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post(path))

        assert (client.answered.status, client.answered.said["code"]) == (404, "unknown_endpoint")
        assert f"Did you mean {nearest}?" in client.answered.said["message"]
        assert client.answered.headers["x-should-retry"] == "false"

    run(job())


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        (b"/v1/conversations", "Conversations are not kept: go on from an answer"),
        (b"/conversations/conv_1/items", "Conversations are not kept"),
        (b"/metrics", "control port"),
    ],
)
def test_a_path_that_is_expected_here_is_told_where_to_go_instead(path: bytes, advice: str) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post(path))

        assert (client.answered.status, client.answered.said["code"]) == (404, "unknown_endpoint")
        assert advice in client.answered.said["message"]
        assert "Did you mean" not in client.answered.said["message"]

    run(job())


def test_a_path_like_no_other_is_told_all_of_them() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(b"/"))

        assert "POST /v1/chat/completions" in client.answered.said["message"]
        assert "GET /v1/models/{id}" in client.answered.said["message"]

    run(job())


@pytest.mark.parametrize(
    ("request_", "allow"),
    [
        (get(b"/v1/chat/completions"), "POST, OPTIONS"),
        (get(b"/v1/messages", method=b"DELETE"), "POST, OPTIONS"),
        (get(b"/v1/messages", method=b"HEAD"), "POST, OPTIONS"),
        (post(b"/v1/models"), "GET, HEAD, OPTIONS"),
        (post(b"/livez"), "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(request_: bytes, allow: str) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(request_)
        answer = client.answers(request_.split()[0].decode())[0]

        assert (answer.status, answer.headers["allow"]) == (405, allow)
        assert client.open

    run(job())


def test_wrong_methods_are_refused_in_the_paths_dialect() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(b"/v1/messages"))

        assert client.answered.said["front"] == "anthropic"
        assert client.answered.headers["request-id"] == client.answered.headers["x-request-id"]

    run(job())


def test_head_is_get_without_the_body() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(b"/v1/models", method=b"HEAD"), get(b"/livez", method=b"HEAD"), get(b"/livez"))
        models, live, body = client.answers("HEAD", "HEAD", "GET")

        assert (models.status, models.body, int(models.headers["content-length"]) > 10) == (200, b"", True)
        assert (live.body, live.headers["content-length"]) == (b"", str(len(body.body)))

    run(job())


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        (b"*", "GET, HEAD, POST, DELETE, OPTIONS"),
        (b"/v1/messages", "POST, OPTIONS"),
        (b"/v1/models/x", "GET, HEAD, OPTIONS"),
        (b"/readyz", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_tells_what_is_allowed(path: bytes, allow: str) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(path, method=b"OPTIONS"))

        assert (client.answered.status, client.answered.headers["allow"]) == (204, allow)
        assert "content-length" not in client.answered.headers
        assert "access-control-allow-methods" not in client.answered.headers

    run(job())
