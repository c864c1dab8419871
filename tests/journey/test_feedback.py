"""Feedback on answers: the one journey, a record of its own, and whose it counts for."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from headworks.domain.body import Whole
from headworks.domain.call import Call, Kind
from headworks.domain.errors import Fault
from headworks.domain.exchange import Exchange
from headworks.domain.feedback import Feedback, concerns, read_feedback
from headworks.domain.principal import Principal
from headworks.testing import CollectingSink, ScriptedUpstream, sample_call, sample_snapshot

from .plain import KEY, House, limited

ANSWER = "0197f0000000700080000000000000aa"


def given(**fields: Any) -> Call:
    """A request that gives feedback."""
    body = msgspec.json.encode({"request_id": ANSWER, **fields})
    headers = {b"authorization": b"Bearer " + KEY}
    return sample_call(kind=Kind.FEEDBACK, body=Whole(body), headers=headers, principal=None, ask=None)


def house(principal: Principal | None = None) -> House:
    return House(sample_snapshot(), ScriptedUpstream(), principal=principal)


async def heard(house: House, call: Call) -> tuple[int, dict[str, Any], Exchange]:
    sink = CollectingSink()
    reply = await house.serve(call)
    reply.start(sink)
    return reply.status, msgspec.json.decode(sink.body), house.journal.ended[-1]


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ({"score": -1}, -1.0),
        ({"score": 0}, 0.0),
        ({"score": 0.25}, 0.25),
        ({"score": True}, 1.0),
        ({"score": False}, -1.0),
        ({"stars": 1}, -1.0),
        ({"stars": 4}, 0.5),
        ({"stars": 5}, 1.0),
    ],
)
def test_a_score_is_told_in_one_scale_however_it_is_given(said: dict[str, Any], score: float) -> None:
    place = house(Principal(id="p1", name="tester", organisation="org-1", lineage=("org-1", "p1")))

    status, told, record = asyncio.run(heard(place, given(**said, label="helpful")))

    assert (status, told["request_id"], told["score"]) == (202, ANSWER, score)
    assert record.feedback == Feedback(exchange=ANSWER, score=score, label="helpful")
    assert (record.kind, record.ending, record.lineage, record.price) == ("feedback", "finished", ("org-1", "p1"), 0)
    assert place.upstream.sent == []


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({}, "score"),
        ({"score": 1, "stars": 5}, "score"),
        ({"score": 1.01}, "score"),
        ({"stars": 6}, "stars"),
        ({"score": 1, "label": "two words"}, "label"),
        ({"score": 1, "label": "x" * 65}, "label"),
        ({"score": 1, "comment": "Ada was rude."}, "comment"),
        ({"score": 1, "request_id": "../other"}, "request_id"),
        ({"score": "good"}, None),
        ({"score": 1, "sore": 1}, None),
        ({"score": 1, "label": "x" * 5000}, None),
    ],
)
def test_what_is_no_feedback_is_refused_with_what_to_send(said: dict[str, Any], param: str | None) -> None:
    place = house()

    with pytest.raises(Fault) as refused:
        asyncio.run(heard(place, given(**said)))

    assert (refused.value.code, refused.value.param) == ("invalid_request", param)
    assert place.journal.ended[-1].feedback is None


def test_nobody_gives_feedback_without_a_key_or_without_the_endpoint() -> None:
    stranger, narrowed = house(), house(Principal(id="p1", endpoints=("chat",)))

    with pytest.raises(Fault) as unknown:
        asyncio.run(heard(stranger, msgspec.structs.replace(given(score=1), headers={})))
    with pytest.raises(Fault) as refused:
        asyncio.run(heard(narrowed, given(score=1)))

    assert (unknown.value.code, refused.value.code) == ("missing_api_key", "endpoint_not_allowed")


def test_it_counts_as_a_request() -> None:
    async def scenario() -> None:
        place = house(Principal(id="p1", limits=limited(requests_per_minute=2)))
        await heard(place, given(score=1))
        await heard(place, given(score=1))
        with pytest.raises(Fault) as refused:
            await heard(place, given(score=1))
        assert refused.value.code == "rate_limit_exceeded"
        assert place.account()[0] == 0

    asyncio.run(scenario())


def test_a_comment_stands_nowhere_in_the_journal() -> None:
    place = house()

    with pytest.raises(Fault):
        asyncio.run(heard(place, given(score=1, comment="Ada Lovelace")))

    assert b"Lovelace" not in msgspec.json.encode(place.journal.records)


@pytest.mark.parametrize(
    ("said_by", "had_by", "counts"),
    [
        (("k1", ("org-1", "team", "k1")), ("k2", ("org-1", "k2")), True),
        (("k1", ("org-1", "k1")), ("k2", ("org-2", "k2")), False),
        (("k1", ()), ("k1", ()), True),
        (("k1", ()), ("k2", ()), False),
        (("k1", ()), ("k1", ("org-1", "k1")), False),
    ],
)
def test_it_counts_for_exchanges_of_the_same_tenant_alone(
    said_by: tuple[str, tuple[str, ...]], had_by: tuple[str, tuple[str, ...]], *, counts: bool
) -> None:
    assert concerns(said_by, had_by) is counts


def test_any_bytes_are_feedback_or_a_fault() -> None:
    for body in (b"", b"null", b"[]", b"\xff", b'{"request_id": 1}', b"{" * 4000):
        with pytest.raises(Fault):
            read_feedback(body)
