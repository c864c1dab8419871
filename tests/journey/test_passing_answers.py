"""What comes back of what was passed through, and what it is taken to have cost."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.errors import Fault
from headworks.domain.principal import Principal
from headworks.domain.usage import Usage
from headworks.testing import Script

from .passing import DOLLAR, LAB, A, Tenants, asked, code, each_asked, exchange, lab, passages
from .plain import limited

_EVENTS = (
    b'{"id":"x-1","model":"big-2","choices":[]}',
    b'{"choices":[{"delta":{"content":"Hi"}}]}',
    b'{"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":4,"total_tokens":34}}',
    b"[DONE]",
)


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"usage": {"prompt_tokens": 30, "completion_tokens": 4}}, Usage(30, 4)),
        ({"usage": {"input_tokens": 30, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 9}}}, Usage(30, 4, 9)),
        ({"usage": {"input_tokens": 21, "output_tokens": 4, "cache_read_input_tokens": 9}}, Usage(30, 4, 9)),
        ({"usageMetadata": {"promptTokenCount": 30, "candidatesTokenCount": 4}}, Usage(30, 4)),
        ({"response": {"usage": {"input_tokens": 30, "output_tokens": 4}}}, Usage(30, 4)),
        ({"usage": {"total_tokens": 30}}, Usage(30)),
    ],
)
def test_usage_is_read_in_every_language_known(told: dict[str, Any], usage: Usage) -> None:
    tenants = lab(Script.json({"id": "x-1", "model": "big-2", **told}))
    said = asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "big", "max_tokens": 9})
    end = exchange(tenants)

    assert said.json == {"id": "x-1", "model": "big-2", **told}
    assert (end.usage, end.served_model, end.asked, end.kind) == (usage, "big-2", "big", "passthrough")
    assert end.cost == 1000 * usage.input + 2000 * usage.output
    assert end.notes["passage"] == "POST /v1/read"


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_events_go_on_as_they_come_and_are_counted(cut: int) -> None:
    whole = b"".join(b"data: " + event + b"\n\n" for event in _EVENTS)
    pieces = tuple(whole[at : at + cut] for at in range(0, len(whole), cut))
    tenants = lab(Script(headers=((b"content-type", b"text/event-stream"),), pieces=pieces))
    said = asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "big", "stream": True})

    assert said.body == whole
    assert said.headers[b"content-type"] == b"text/event-stream"
    assert exchange(tenants).usage == Usage(30, 4)


def test_events_that_nobody_counted_are_estimated() -> None:
    tenants = lab(Script.sse('{"delta":"' + "x" * 400 + '"}'))
    asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "big", "stream": True})

    assert exchange(tenants).certainty == "estimated"
    assert exchange(tenants).usage.output >= 100


def test_a_stream_that_breaks_off_says_so() -> None:
    tenants = lab(Script.sse(*_EVENTS[:2], fault=Fault("severed")))
    said = asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "big"})

    assert said.body.startswith(b"data: " + _EVENTS[0])
    assert b'"code":"severed"' in said.body.splitlines()[-2]
    assert exchange(tenants).ending == "severed"


def test_a_file_that_breaks_off_does_not_look_complete() -> None:
    """Nothing is added to it; the edge cuts the connection."""
    tenants = lab(Script(headers=((b"content-type", b"audio/mpeg"),), pieces=(b"abc",), fault=Fault("severed")))
    said = asked(tenants, "POST", "/passthrough/lab/v1/listen", {})

    assert said.body == b"abc"
    assert exchange(tenants).ending == "severed"


def test_a_file_is_not_looked_into() -> None:
    lines = b'{"id":"file-1","file_id":"file-2"}\n' * 3
    script = Script(headers=((b"content-type", b"application/octet-stream"),), pieces=(lines[:20], lines[20:]))

    assert asked(lab(script), "POST", "/passthrough/lab/v1/listen", {}).body == lines


def test_an_answer_without_content_is_one() -> None:
    said = asked(lab(Script(status=204, headers=())), "POST", "/passthrough/lab/v1/listen", {})
    assert (said.status, said.body) == (204, b"")


@pytest.mark.parametrize(
    ("status", "body", "seen"),
    [
        (422, {"detail": [{"loc": ["body", "x"], "msg": "missing"}]}, 422),
        (404, {"error": {"code": 404, "message": "nothing there", "status": "NOT_FOUND"}}, 404),
        (401, {"error": {"message": "bad key hw-nightly"}}, 502),
        (429, {"error": {"message": "slower"}}, 429),
        (500, {"error": {"message": "oh"}}, 502),
        (302, {}, 502),
    ],
)
def test_a_providers_refusal_is_told_in_its_own_words(status: int, body: dict[str, Any], seen: int) -> None:
    tenants = lab(Script.json(body, status))
    said = asked(tenants, "POST", "/passthrough/lab/v1/listen", {})

    assert said.status == seen
    assert (said.json == body) is (400 <= seen < 429)
    assert b"hw-nightly" not in said.body
    assert exchange(tenants).cost == 0


def test_nothing_is_tried_twice() -> None:
    tenants = lab(Script.json({}, 503))
    asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "wide"})

    assert len(tenants.upstream.sent) == 1


def test_a_price_of_a_request_is_what_it_costs() -> None:
    tenants = lab(limits=limited(budget_nanos=DOLLAR // 4))
    body = b"RIFF" * 10_000
    assert asked(tenants, "POST", "/passthrough/lab/v1/listen", body, content_type="audio/wav").status == 200
    assert (exchange(tenants).cost, exchange(tenants).usage) == (DOLLAR // 4, Usage())
    assert asked(tenants, "POST", "/passthrough/lab/v1/listen", {}).status == 429


def test_a_budget_sets_aside_what_an_answer_may_come_to_cost() -> None:
    tenants = lab(Script.json({"usage": {"prompt_tokens": 10, "completion_tokens": 5}}), limits=limited(budget_nanos=DOLLAR))

    path, question = "/passthrough/lab/v1/read", {"model": "big"}
    said, *others = each_asked(
        tenants, (path, question), (path, {**question, "max_tokens": 5}), (path, {**question, "max_tokens": 600_000})
    )
    assert (said.status, code(said)) == (403, "input_unbounded")
    assert [each.status for each in others] == [200, 429]


def test_what_has_no_price_is_refused_to_who_has_a_budget() -> None:
    document = LAB.replace("{price: model}", "{}").replace("prices:\n", "unpriced: free\nprices:\n")
    for limits, status in (((), 200), (limited(budget_nanos=DOLLAR), 403)):
        tenants = Tenants(document, lambda _: Script.json({}))
        tenants.house.others[A] = Principal(id="k", features=("passthrough",), limits=limits)
        said = asked(tenants, "POST", "/passthrough/lab/v1/read", {"model": "big"})
        assert said.status == status
        assert status == 200 or code(said) == "model_unpriced"


def test_what_its_model_costs_takes_a_model_with_a_price() -> None:
    document = LAB.replace('"*": {input: 1', '"lab/big": {input: 1').replace("  wide: [other/small, lab/small]\n", "")
    tenants = Tenants(document, lambda _: Script.json({}))
    said = each_asked(tenants, *(("/passthrough/lab/v1/read", {"model": model}) for model in ("big", "huge", "")))
    assert (said[0].json, *map(code, said[1:])) == ({}, "model_unpriced", "invalid_request")


def test_limits_of_requests_hold() -> None:
    tenants = lab(limits=limited(requests_per_minute=1))
    assert [said.status for said in each_asked(tenants, *(("/passthrough/lab/v1/listen", {}),) * 2)] == [200, 429]


def test_every_line_of_the_guide_is_listed() -> None:
    assert len(passages()) > 20


OCR = """
providers:
  mistral: {api_key: "${MISTRAL_API_KEY}"}
models:
  reader: mistral/mistral-large-latest
keys:
  nightly: {key: "${NIGHTLY_KEY}", features: [passthrough]}
"""
_PAGE = 4_000_000
"""What a page costs, by the published list."""


@pytest.mark.parametrize(
    ("said", "reserved", "pages", "cost"),
    [
        ({"pages": [0, 1, 2]}, 3 * 5 * _PAGE // 4, 2, 2 * _PAGE),
        ({"pages": [0], "document_annotation_format": {"type": "json_schema"}}, 5 * _PAGE // 4, 1, 5 * _PAGE // 4),
        ({}, None, 0, 0),
        ({"pages": "0-9"}, None, 0, 0),
    ],
)
def test_pages_are_what_reading_documents_costs(said: dict[str, Any], reserved: int | None, pages: int, cost: int) -> None:
    answer = {"pages": [], "model": "mistral-ocr-latest", "usage_info": {"pages_processed": pages, "doc_size_bytes": 9}}
    tenants = Tenants(OCR, lambda _: Script.json(answer))
    tenants.house.others[A] = Principal(id="k", features=("passthrough",), limits=limited(budget_nanos=DOLLAR))
    question = {"model": "mistral-ocr-latest", "document": {"type": "document_url", "document_url": "https://x.test/a.pdf"}}
    read = asked(tenants, "POST", "/passthrough/mistral/v1/ocr", {**question, **said})
    end = exchange(tenants)

    if reserved is None:
        assert code(read) == "input_unbounded"
    else:
        assert read.json == answer
        assert tenants.house.journal.begun[0].reserved_nanos == reserved
        assert (end.usage.pages, end.cost) == (pages, cost)


def test_who_has_no_budget_need_not_count_pages() -> None:
    tenants = Tenants(OCR, lambda _: Script.json({"usage_info": {"pages_processed": 12}}))
    question = {"model": "mistral-ocr-latest", "document": {"type": "file", "file_id": "file-of-somebody"}}

    assert asked(tenants, "POST", "/passthrough/mistral/v1/ocr", question).json["error"]["code"] == "unknown_id"
    tenants = Tenants(OCR, lambda _: Script.json({"usage_info": {"pages_processed": 12}}))
    del question["document"]
    assert asked(tenants, "POST", "/passthrough/mistral/v1/ocr", question).status == 200
    assert exchange(tenants).cost == 12 * _PAGE
