"""OpenAI's SDK unchanged, in conversations through a running gateway."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import openai
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from headworks.domain.exchange import Exchange
from headworks.domain.outcome import Ending
from headworks.domain.usage import Certainty
from tests.realtime.conftest import JUDGED, NARROW, POOR
from tests.realtime.talker import Talker
from tests.system.house import KEY, RunningHouse


def say(connection: Any, text: str) -> None:
    """One message of the user's, and the wish for an answer."""
    content = [{"type": "input_text", "text": text}]
    connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    connection.response.create()


def until(connection: Any, kind: str) -> list[str]:
    """Types of the events up to one of this kind."""
    seen: list[str] = []
    for event in connection:
        seen.append(event.type)
        if event.type == kind:
            break
    return seen


def left(connection: Any) -> tuple[int, str]:
    """Listen to the end: with which words the conversation was closed."""
    while True:
        try:
            connection.recv()
        except ConnectionClosed as closed:
            said = closed.rcvd
            return (0, "") if said is None else (said.code, said.reason)


def last(house: RunningHouse, before: int) -> Exchange:
    """The record of the conversation that has ended since there were so many."""
    house.wait_for(lambda: len(house.ended()) > before, "the record")
    return house.ended()[0]


def test_the_sdk_talks_and_what_was_said_is_in_the_books(house: RunningHouse, gpt: openai.OpenAI) -> None:
    before = len(house.ended())
    with gpt.realtime.connect(model="voice") as connection:
        assert next(iter(connection)).type == "session.created"
        for _ in range(2):
            say(connection, "hello")
            assert until(connection, "response.done").count("response.output_text.delta") == 4

    record = last(house, before)
    assert (record.kind, record.ending, record.status, record.stream) == ("realtime", Ending.FINISHED, 101, True)
    assert (record.usage.input, record.usage.output) == (200, 100)
    assert (record.usage.input_audio, record.usage.output_audio) == (80, 60)
    assert record.certainty == Certainty.REPORTED
    assert record.cost == (120 * 1000 + 80 * 3000 + 40 * 1000 + 60 * 2000) * 1000
    assert record.notes["answers"] == "2"
    assert record.served_model == "gpt-realtime"


def test_the_asynchronous_sdk_talks_too(house: RunningHouse) -> None:
    async def scenario() -> list[str]:
        async with (
            openai.AsyncOpenAI(base_url=f"{house.url}/v1", api_key=KEY) as client,
            client.realtime.connect(model="voice") as talk,
        ):
            await talk.session.update(session={"type": "realtime", "instructions": "Be brief."})
            await talk.response.create()
            seen: list[str] = []
            async for event in talk:
                seen.append(event.type)
                if event.type == "response.done":
                    return seen
            return seen

    seen = asyncio.run(scenario())

    assert seen[:2] == ["session.created", "session.updated"]
    assert seen[-1] == "response.done"


def test_the_provider_sees_its_own_key_and_never_the_callers(house: RunningHouse, talker: Talker) -> None:
    with connect(
        f"{house.url.replace('http', 'ws')}/v1/realtime?model=voice",
        subprotocols=["realtime", f"openai-insecure-api-key.{KEY}"],  # type: ignore[list-item]
    ) as browser:
        assert browser.subprotocol == "realtime"
        assert "session.created" in str(browser.recv())

    asked = talker.asked[-1]
    assert asked.headers["authorization"] == "Bearer sk-live"
    assert KEY not in repr(asked)
    assert KEY not in house.output.read_text()


@pytest.mark.parametrize(
    ("path", "key", "status", "said"),
    [
        ("/v1/realtime?model=voice", "wrong", 401, "invalid_api_key"),
        ("/v1/realtime?model=nobody", KEY, 404, "model_not_found"),
        ("/v1/realtime", KEY, 400, "names no model"),
        ("/v1/realtime?model=voice&call_id=rtc_1", KEY, 400, "call_id"),
        ("/v1/chat/completions", KEY, 400, "upgrade_refused"),
        ("/v1/realtime?model=refused", KEY, 502, "upstream_credentials"),
        ("/v1/realtime?model=voice", JUDGED, 400, "in real time"),
    ],
)
def test_who_may_not_talk_is_told_before_the_switch(house: RunningHouse, path: str, key: str, status: int, said: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{house.url.replace('http', 'ws')}{path}", additional_headers={"authorization": f"Bearer {key}"}).close()

    assert refused.value.response.status_code == status
    assert said in (refused.value.response.body or b"").decode()


def test_a_plain_request_is_told_that_it_is_a_websocket(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="WebSocket"):
        gpt.get("/realtime", cast_to=object)


def test_another_target_answers_where_the_first_is_busy(house: RunningHouse, gpt: openai.OpenAI) -> None:
    before = len(house.ended())
    with gpt.realtime.connect(model="either") as connection:
        say(connection, "hello")
        until(connection, "response.done")

    record = last(house, before)
    assert [tried.target for tried in record.tried] == ["live/busy", "live/gpt-realtime"]


def test_what_a_key_lacks_stays_here_and_the_conversation_goes_on(house: RunningHouse, talker: Talker) -> None:
    with (
        openai.OpenAI(base_url=f"{house.url}/v1", api_key=NARROW) as client,
        client.realtime.connect(model="voice") as connection,
    ):
        events = iter(connection)
        assert next(events).type == "session.created"
        connection.session.update(
            session={"type": "realtime", "tools": [{"type": "mcp", "server_label": "x", "server_url": "https://x"}]}
        )
        refusal = next(events)
        assert refusal.type == "error"
        assert "'mcp'" in refusal.error.message
        say(connection, "hello")
        until(connection, "response.done")

    assert "mcp" not in str(talker.heard[-2:])


def test_a_spent_budget_ends_the_conversation_and_is_hardly_passed(house: RunningHouse) -> None:
    """Each answer costs 0.4 dollars, and may cost 5: a budget of 6.50 has room for a few, and for no more than are covered."""
    before = len(house.ended())
    with (
        openai.OpenAI(base_url=f"{house.url}/v1", api_key=POOR) as client,
        client.realtime.connect(model="voice") as connection,
    ):
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10):
                say(connection, "hello")
        code, reason = left(connection)

    assert code == 1008
    assert reason.startswith("spend_set_aside")
    record = last(house, before)
    assert record.ending == Ending.CANCELLED
    assert record.cost <= 6_500_000_000
    assert record.overrun == 0
    assert int(record.notes["answers"]) >= 1


def test_an_upstream_that_hangs_up_is_told_and_what_was_heard_is_paid(house: RunningHouse, gpt: openai.OpenAI) -> None:
    before = len(house.ended())
    with gpt.realtime.connect(model="voice") as connection:
        say(connection, "hang up")
        code, _ = left(connection)

    assert code == 1011
    record = last(house, before)
    assert (record.ending, record.fault) == (Ending.SEVERED, "severed")


def test_a_client_that_leaves_in_mid_answer_pays_what_it_heard(house: RunningHouse, gpt: openai.OpenAI, talker: Talker) -> None:
    before, ended = len(house.ended()), len(talker.ended)
    with gpt.realtime.connect(model="voice") as connection:
        say(connection, "fall silent")
        while connection.recv().type != "response.output_text.delta":
            pass

    record = last(house, before)
    assert record.ending == Ending.FINISHED
    assert record.certainty == Certainty.ESTIMATED
    assert 0 < record.usage.output <= 10
    house.wait_for(lambda: len(talker.ended) > ended, "the provider to hear of it")


def test_a_providers_goodbye_is_passed_on(gpt: openai.OpenAI) -> None:
    with gpt.realtime.connect(model="voice") as connection:
        say(connection, "close")

        assert left(connection) == (1001, "going home")


def test_a_client_that_vanishes_ends_it(house: RunningHouse, gpt: openai.OpenAI, talker: Talker) -> None:
    before, ended = len(house.ended()), len(talker.ended)
    connection = gpt.realtime.connect(model="voice").enter()
    say(connection, "hello")
    until(connection, "response.done")
    connection._connection.socket.shutdown(2)

    record = last(house, before)
    assert record.ending == Ending.CLIENT_GONE
    assert record.usage.output == 50
    house.wait_for(lambda: len(talker.ended) > ended, "the provider to hear of it")
