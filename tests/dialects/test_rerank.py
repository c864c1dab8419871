"""Rankings: `/v1/rerank` untouched to those who speak it, and said in Cohere's language to Cohere."""

from __future__ import annotations

import json

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.cohere import Cohere
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.body import Whole
from headworks.domain.call import Kind
from headworks.domain.errors import Fault
from headworks.domain.money import PriceCard
from headworks.domain.plan import plan_for
from headworks.domain.usage import Usage
from headworks.edge.routes import find
from headworks.journey.reservation import reservation
from headworks.ports.interpreter import Prepared
from headworks.testing.samples import sample_call, sample_snapshot, sample_target
from tests.dialects.openai_wire import Json, compact
from tests.dialects.recordings import Recording, recordings, shared

HUB = Hub({"openai_chat": OpenAIChat(), "anthropic": Anthropic()}, {"cohere": Cohere()})
OPENAI = "openai_chat"
ASKED: Json = {"model": "alias", "query": "Capital of France?", "documents": ["Ulm", {"text": "Paris"}], "top_n": 1}
RANKED: Json = {"id": "r-1", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 2}}}


def prepare(body: Json, dialect: str = "cohere") -> Prepared:
    raw = compact({**ASKED, **body})
    return HUB.prepare(OPENAI, Kind.RERANK, HUB.read_ask(OPENAI, Kind.RERANK, raw), raw, sample_target(dialect=dialect), None)


@pytest.mark.parametrize("path", [b"/v1/rerank", b"/rerank", b"/v2/rerank"])
def test_it_is_asked_for_where_clients_expect_it(path: bytes) -> None:
    found = find(path)

    assert found is not None
    assert found.route.kind is Kind.RERANK


def test_cohere_is_asked_and_its_answer_told() -> None:
    prepared = prepare({"return_documents": True})

    told = json.loads(prepared.relay.feed(compact(RANKED)))

    assert json.loads(prepared.body) == {
        "model": "model",
        "query": "Capital of France?",
        "documents": ["Ulm", "Paris"],
        "top_n": 1,
    }
    assert prepared.downgrades == ()
    assert told["results"] == [{"index": 1, "relevance_score": 0.9, "document": {"text": "Paris"}}]
    assert (told["id"], told["model"], told["meta"]) == ("r-1", "alias", RANKED["meta"])
    assert (prepared.relay.usage, prepared.relay.usage_final) == (Usage(searches=2), True)


def test_what_cohere_has_no_word_for_is_reported() -> None:
    prepared = prepare({"documents": [{"text": "Ulm", "title": "t"}], "truncate": "END"})

    assert [loss.path for loss in prepared.downgrades] == ["truncate", "documents[0].title"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"documents": []}, "documents"),
        ({"documents": "Ulm"}, "documents"),
        ({"documents": [7]}, "documents[0]"),
        ({"documents": [{"image": "x"}]}, "documents[0]"),
        ({"documents": None}, "documents"),
        ({"documents": ["x"] * 10_001}, "documents"),
        ({"query": 7}, "query"),
        ({"query": None}, "query"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_question_about_documents_is_refused(body: Json, param: str) -> None:
    with pytest.raises(Fault) as caught:
        prepare(body)

    assert caught.value.param == param


def test_a_place_that_was_not_asked_about_is_garbage() -> None:
    relay = prepare({"return_documents": True}).relay

    relay.feed(compact({"results": [{"index": 9, "relevance_score": 1}]}))

    assert relay.fault is not None
    assert relay.fault.code == "upstream_garbage"


def test_a_language_without_rankings_is_not_asked() -> None:
    with pytest.raises(Fault) as caught:
        prepare({}, "anthropic")

    assert caught.value.code == "inexpressible"


@pytest.mark.parametrize(
    "answer",
    [
        {"model": "m", "results": [{"index": 0, "relevance_score": 1}], "usage": {"total_tokens": 7}},
        {"object": "list", "data": [{"index": 0, "relevance_score": 1}], "model": "m", "usage": {"total_tokens": 7}},
    ],
    ids=["jina", "voyage"],
)
def test_who_speaks_it_is_asked_and_answers_untouched(answer: Json) -> None:
    prepared = prepare({"unheard_of": {"a": 1}}, OPENAI)

    assert json.loads(prepared.body) == {**ASKED, "model": "model", "unheard_of": {"a": 1}}
    assert prepared.relay.feed(compact(answer)) == compact(answer)
    assert (prepared.relay.usage, prepared.relay.served_model) == (Usage(input=7), "m")
    assert (prepared.relay.ended, prepared.relay.fault) == (True, None)


def _recorded() -> list[Recording]:
    return [each for each in recordings("rerank") if each.provider != "cohere"] if shared().exists() else []


@pytest.mark.parametrize("recording", _recorded(), ids=str)
def test_recorded_rankings_pass_or_are_faults(recording: Recording) -> None:
    if recording.status != 200:
        assert HUB.read_fault(OPENAI, recording.status, [], recording.body).code in {"upstream_rejected", "upstream_error"}
        return
    relay = prepare({}, OPENAI).relay

    assert relay.feed(recording.answer) == recording.answer
    assert relay.usage is not None
    assert relay.usage.input == json.loads(recording.answer)["usage"]["prompt_tokens"]


def _set_aside(documents: int, price: PriceCard) -> int:
    raw = compact({**ASKED, "documents": ["Ulm"] * documents})
    target = sample_target(dialect="cohere", price=price)
    snapshot = sample_snapshot(target)
    ask = HUB.read_ask(OPENAI, Kind.RERANK, raw)
    call = sample_call(snapshot=snapshot, kind=Kind.RERANK, ask=ask, body=Whole(raw))
    plan = plan_for(snapshot, next(iter(snapshot.models.values())), Kind.RERANK, OPENAI)
    return reservation(call, plan).nanos(plan)


def test_a_ranking_is_set_aside_by_search_units_and_by_tokens() -> None:
    assert _set_aside(1, PriceCard(search=1000)) == 1000
    assert _set_aside(100, PriceCard(search=1000)) == 2000
    assert _set_aside(250, PriceCard(search=1000, request=5)) == 3005
    assert PriceCard(search=1000).exact(Usage(searches=2)) == 2000 * 1_000_000


def test_the_question_counts_with_every_document() -> None:
    question = "x" * 4000
    ask = HUB.read_ask(OPENAI, Kind.RERANK, compact({**ASKED, "query": question, "documents": ["a"] * 50}))

    assert ask.prompt_tokens > 50 * 1000
    assert (ask.max_tokens, ask.stream) == (0, False)


def test_a_ranking_without_a_price_is_refused() -> None:
    snapshot = sample_snapshot(msgspec.structs.replace(sample_target(dialect="cohere"), price=None))

    with pytest.raises(Fault) as caught:
        plan_for(snapshot, next(iter(snapshot.models.values())), Kind.RERANK, OPENAI)

    assert caught.value.code == "model_unpriced"


def test_guards_read_question_and_documents() -> None:
    ask = HUB.read_ask(OPENAI, Kind.RERANK, compact(ASKED))

    assert HUB.prompt_text(OPENAI, Kind.RERANK, ask).split("\n") == ["Capital of France?", "Ulm", "Paris"]
