"""Who may talk: endpoints, features and policies, before the first word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.realtime.calls import say, until
from tests.realtime.conftest import config
from tests.realtime.talker import Talker
from tests.system.house import KEY, RunningHouse


@pytest.fixture(scope="module")
def house(talker: Talker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    made: dict[str, Any] = config(talker)
    made["keys"] = {
        "tester": {"key": KEY, "team": "silent"},
        "writer": {"key": "hw-writer", "endpoints": ["chat"]},
        "speaker": {"key": "hw-speaker", "endpoints": ["realtime"]},
        "reader": {"key": "hw-reader", "features": ["tools"]},
    }
    made["policies"] = {
        "no-talk": {"when": 'endpoint == "realtime" && team == "silent"', "message": "this team writes"},
        "no-pictures": {"when": '"images" in features', "message": "no pictures"},
    }
    with RunningHouse(tmp_path_factory.mktemp("rules"), made) as running:
        yield running


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("hw-writer", 403, "endpoint_not_allowed"),
        ("hw-reader", 403, "feature_not_allowed"),
        (KEY, 403, "policy_denied"),
        ("hw-speaker", 101, ""),
    ],
)
def test_rules_hold_for_conversations(house: RunningHouse, key: str, status: int, code: str) -> None:
    address = f"{house.url.replace('http', 'ws')}/v1/realtime?model=voice"
    headers = {"authorization": f"Bearer {key}"}
    if status == 101:
        connect(address, additional_headers=headers).close()
        return
    with pytest.raises(InvalidStatus) as refused:
        connect(address, additional_headers=headers).close()

    assert refused.value.response.status_code == status
    assert code in (refused.value.response.body or b"").decode()


def test_a_policy_holds_for_what_comes_later_too(house: RunningHouse) -> None:
    address = f"{house.url.replace('http', 'ws')}/v1/realtime?model=voice"
    picture = {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]}
    with connect(address, additional_headers={"authorization": "Bearer hw-speaker"}) as talk:
        until(talk, "session.created")
        talk.send(json.dumps({"type": "conversation.item.create", "item": picture}))
        refusal = json.loads(talk.recv())
        assert refusal["error"]["code"] == "policy_denied"
        assert "no pictures" in refusal["error"]["message"]
        say(talk, "hello")
        until(talk, "response.done")
