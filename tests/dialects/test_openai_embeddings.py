"""Vectors: asked for in OpenAI's language of an upstream that speaks another one, and the other way round."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.converted import Converted
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Kind
from headworks.domain.embedding import EmbeddingAnswer, EmbeddingAsk
from headworks.domain.errors import Fault
from headworks.domain.message import Downgrade
from headworks.domain.target import Quirks, Target
from headworks.domain.usage import Usage
from headworks.ports.interpreter import Prepared
from headworks.testing.samples import sample_target
from tests.dialects.openai_wire import DIALECT, Json, compact


class Plain(OpenAIChat):
    """A cousin that asks for vectors in its own way: `text` for one input, and answers a bare list."""

    name = "plain"

    def write_embedding_ask(self, wanted: EmbeddingAsk, target: Target) -> tuple[bytes, tuple[Downgrade, ...]]:
        """Says the inputs, and nothing else."""
        lost = [name for name in ("dimensions", "task", "user") if getattr(wanted, name)] + list(wanted.extra)
        body = compact({"model": target.model, "text": list(wanted.inputs)})
        return body, tuple(Downgrade(name, "left out") for name in lost)

    def read_embedding_answer(self, body: bytes, target: Target) -> EmbeddingAnswer:  # noqa: ARG002 - the port's signature
        """Takes the list."""
        said = msgspec.json.decode(body, type=tuple[tuple[float, ...], ...])
        return EmbeddingAnswer(vectors=said, id="e-1", model="plain-1", usage=Usage(input=3))


HUB = Hub({"openai_chat": OpenAIChat(), "plain": Plain()})


def prepare(body: Json, **changes: Any) -> Prepared:
    raw = compact({"model": "alias", "input": "Hi", **body})
    ask = HUB.read_ask("openai_chat", Kind.EMBEDDINGS, raw)
    return HUB.prepare("openai_chat", Kind.EMBEDDINGS, ask, raw, sample_target(dialect="plain", **changes), None)


def told(prepared: Prepared, answer: bytes) -> Json:
    out = prepared.relay.feed(answer) + prepared.relay.close()
    return json.loads(out)


def read(body: Json) -> EmbeddingAsk:
    return DIALECT.read_embedding_ask(HUB.read_ask("openai_chat", Kind.EMBEDDINGS, compact({"model": "m", **body})))


def write(wanted: EmbeddingAsk, **quirks: Any) -> tuple[Json, list[str]]:
    body, downgrades = DIALECT.write_embedding_ask(wanted, sample_target(quirks=Quirks(**quirks)))
    return json.loads(body), [loss.path for loss in downgrades]


STRANGER = EmbeddingAsk(
    dialect="gemini", model="m", inputs=("a", "b"), dimensions=8, task="RETRIEVAL_QUERY", extra={"title": "t"}
)


def test_vectors_cross_and_are_accounted_for() -> None:
    prepared = prepare({})

    answer = told(prepared, b"[[0.5, -2]]")

    assert json.loads(prepared.body) == {"model": "model", "text": ["Hi"]}
    assert answer["data"] == [{"object": "embedding", "index": 0, "embedding": [0.5, -2.0]}]
    assert (answer["object"], answer["model"], answer["usage"]) == ("list", "plain-1", {"prompt_tokens": 3, "total_tokens": 3})
    relay = prepared.relay
    assert (relay.usage, relay.usage_final, relay.served_model, relay.upstream_id) == (Usage(input=3), True, "plain-1", "e-1")
    assert (relay.began, relay.ended, relay.fault, relay.estimated_output()) == (True, True, None, 0)


def test_base64_is_made_of_numbers_where_the_caller_wants_it() -> None:
    answer = told(prepare({"encoding_format": "base64"}), b"[[0.5, -2]]")

    assert answer["data"][0]["embedding"] == b64encode(struct.pack("<2f", 0.5, -2.0)).decode()


def test_what_the_target_cannot_say_is_reported_or_refused() -> None:
    asked = {"dimensions": 8, "user": "u", "unheard_of": 1}

    assert {loss.path for loss in prepare(asked).downgrades} == {"dimensions", "user", "unheard_of"}
    with pytest.raises(Fault) as caught:
        prepare(asked, inexpressible="error")
    assert caught.value.code == "inexpressible"


@pytest.mark.parametrize("garbage", [b"nonsense", b'{"data":1}', b"7", b""])
def test_an_answer_that_cannot_be_read_is_garbage(garbage: bytes) -> None:
    relay = prepare({}).relay

    assert (relay.feed(garbage), relay.close()) == (b"", b"")
    assert relay.fault is not None
    assert relay.fault.code == "upstream_garbage"
    assert relay.fail(relay.fault, "r") == b""


def test_no_answer_at_all_was_cut() -> None:
    relay = prepare({}).relay
    assert isinstance(relay, Converted)

    relay.close()

    assert relay.fault is not None
    assert relay.fault.code == "severed"


def test_vectors_are_refused_where_a_language_has_none() -> None:
    hub = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()})
    raw = compact({"model": "m", "input": "Hi"})

    with pytest.raises(Fault) as caught:
        hub.prepare(
            "openai_chat",
            Kind.EMBEDDINGS,
            hub.read_ask("openai_chat", Kind.EMBEDDINGS, raw),
            raw,
            sample_target(dialect="anthropic"),
            None,
        )
    assert caught.value.code == "inexpressible"


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hi"},
        {"input": ["Hi"]},
        {"input": ["Hi", "there"], "dimensions": 8, "user": "u"},
        {"input": [1, 2, 3]},
        {"input": [[1, 2], [3]], "encoding_format": "base64"},
        {"input": ["a", [1, 2]], "encoding_format": "float"},
        {"input": "Hi", "input_type": "search_query"},
        {"input": "Hi", "input_type": "query", "truncation": False, "output_dtype": None, "encoding_format": None},
        {"input": "", "dimensions": None, "user": ""},
    ],
    ids=str,
)
def test_a_request_survives_the_canonical_form(body: Json) -> None:
    sent, lost = write(read(body))

    assert sent == {"model": "model", **body}
    assert lost == []


@pytest.mark.parametrize("value", [7, [], [[]], [True], [{"type": "text"}], None])
def test_inputs_that_are_no_text_are_refused(value: Any) -> None:
    with pytest.raises(Fault) as caught:
        read({"input": value})

    assert caught.value.code in {"invalid_request", "inexpressible"}
    assert (caught.value.param or "").startswith("input")


def test_a_strangers_question_is_said_in_openais_words() -> None:
    assert write(STRANGER) == ({"model": "model", "input": ["a", "b"], "dimensions": 8}, ["title", "task"])


def test_a_provider_may_call_the_length_something_else_or_reject_fields() -> None:
    sent, lost = write(STRANGER, dimensions_field="output_dimension", drop=("output_dimension",))
    assert "output_dimension" not in sent
    assert "output_dimension" in lost
    assert write(STRANGER, dimensions_field="output_dimension")[0]["output_dimension"] == 8

    ask = HUB.read_ask("openai_chat", Kind.EMBEDDINGS, compact({"model": "m", "input": "Hi", "dimensions": 8, "user": "u"}))
    patched = DIALECT.patch(
        Kind.EMBEDDINGS, ask, sample_target(quirks=Quirks(dimensions_field="output_dimension", drop=("user",))), None
    )
    assert json.loads(patched) == {"model": "model", "input": "Hi", "output_dimension": 8}


def test_vectors_come_in_the_order_of_the_inputs() -> None:
    rows = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]

    answer = DIALECT.read_embedding_answer(compact({"data": rows, "model": "m", "usage": {"total_tokens": 5}}), sample_target())

    assert answer.vectors == ((1.0,), (2.0,))
    assert answer.usage == Usage(input=5)


def test_signed_bytes_are_numbers_too() -> None:
    body = compact({"data": [{"embedding": b64encode(bytes([1, 255])).decode()}]})

    assert DIALECT.read_embedding_answer(body, sample_target(quirks=Quirks(vectors="int8"))).vectors == ((1.0, -1.0),)


def test_a_failure_inside_a_good_answer_is_a_failure() -> None:
    with pytest.raises(Fault) as caught:
        DIALECT.read_embedding_answer(compact({"error": {"message": "no", "type": "server_error"}}), sample_target())

    assert caught.value.code == "upstream_error"
